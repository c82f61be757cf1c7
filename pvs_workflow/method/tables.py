"""Tables of a result."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from pvs_workflow.derivatives.counts import count_table, grade_table
from pvs_workflow.derivatives.instances import instance_table
from pvs_workflow.method.assess import Quality
from pvs_workflow.method.count import ImageCounts
from pvs_workflow.method.cut import SixImages
from pvs_workflow.method.find import FoundEPVS
from pvs_workflow.science.quality import roi_areas


def tabulate(
    six: SixImages,
    counted: ImageCounts,
    found: FoundEPVS,
    quality: Quality,
    identity: Mapping[str, str | None] | None = None,
) -> dict[str, pd.DataFrame]:
    """Return the tables of a T2w.

    Parameters
    ----------
    six : SixImages
    counted : ImageCounts
    found : FoundEPVS
    quality : Quality
        Results of the earlier steps.
    identity : mapping of str, optional
        ``participant``, ``session``, ``t2w``, ``model`` and ``model_sha256``: arguments of
        :func:`~pvs_workflow.derivatives.counts.grade_table`.

    Returns
    -------
    dict of DataFrame
        ``epvs_instances``, ``epvs_counts`` and, with ``identity``, ``potter_grade``.

    """
    counts = count_table(
        six.views,
        six.slices,
        counted.counts,
        counted.lows,
        counted.highs,
        found.on_images.numbers,
        roi_areas(six.rois),
        quality.images,
    )
    volume = found.instances
    instances = instance_table(
        found.on_images, np.asarray(volume.dataobj), volume.affine, six.views, six.slices
    )
    tables = {'epvs_instances': instances, 'epvs_counts': counts}
    if identity is not None:
        tables['potter_grade'] = grade_table(
            counts=counts,
            probabilities=counted.probabilities,
            qc=quality.overall,
            reasons=quality.reasons,
            **identity,
        )
    return tables
