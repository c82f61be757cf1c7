"""Step 8: assess the quality of a result from its ROI, registration and appearance."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from pvs_workflow.derivatives.counts import QC_LEVELS
from pvs_workflow.method.align import ContrastFit
from pvs_workflow.method.conform import Conformed
from pvs_workflow.method.count import ImageCounts
from pvs_workflow.method.cut import SixImages
from pvs_workflow.method.locate import BasalGanglia, TemplateAffine, Warp, ganglia_in_view
from pvs_workflow.method.saved import Saved, Unusable
from pvs_workflow.science.quality import (
    FLUID_CONTRAST,
    MAX_TILT,
    ROI_AREA,
    VISIBLE,
    fluid_contrast,
    roi_areas,
    roi_volumes,
    slice_tilt,
    volume_reasons,
)
from pvs_workflow.science.slabs import slices_per_slab

CORRELATION = (0.3, 0.4)
"""Minimum correlation with the template around the basal ganglia: below the first value the
registration has failed, below the second it needs review."""

OVERLAP = 0.83
"""Minimum Dice overlap of the basal ganglia in the T2w and another contrast. Below it, the other
scan is misaligned or shows another person. In docs/validation.md, it separates 17 T1w of the same
person from 9 of other people."""

HANDEDNESS = 0.98
"""Minimum ratio of the mutual information of the T2w and another contrast to that of the T2w and
its mirror image. Below it, left and right are swapped in one of the two."""

OUT_OF_DISTRIBUTION = 'an image unlike those the cascade was trained on'


@dataclass(frozen=True)
class Quality(Saved):
    """Quality flags of one T2w.

    Attributes
    ----------
    images : tuple of 6 str
        'pass', 'review' or 'fail' for each image.
    overall : str
        The worst flag of the T2w.
    reasons : tuple of str
        Reasons for the flags; empty when ``overall`` is 'pass'.

    """

    images: tuple[str, ...]
    overall: str
    reasons: tuple[str, ...]


def assess_quality(
    six: SixImages,
    located: BasalGanglia,
    counted: ImageCounts,
    warp: Warp,
    t2w: Conformed,
    affine: TemplateAffine,
    fits: tuple[ContrastFit | Unusable, ...] = (),
    problems: tuple[str, ...] = (),
) -> Quality:
    """Flag implausible properties of a result.

    Parameters
    ----------
    six : SixImages
    located : BasalGanglia
    counted : ImageCounts
        Results of the earlier steps.
    warp : Warp
        The template, warped to the T2w.
    t2w : Conformed
        The bias-corrected T2w.
    affine : TemplateAffine
        Registration of the template to this T2w.
    fits : tuple of ContrastFit or Unusable
        One for each other contrast.
    problems : tuple of str
        What was wrong with optional files before processing.

    Returns
    -------
    Quality

    """
    grid = located.roi.affine
    volumes = roi_volumes(np.asarray(located.roi.dataobj), grid)
    indices = [view.slice_index for view in six.views]
    images = ['review' if area < ROI_AREA else 'pass' for area in roi_areas(six.rois)]
    flags: list[tuple[str, str]] = []
    if 'review' in images:
        flags.append(('review', 'little of the basal ganglia on an image'))
    if not all(counted.in_distribution):
        pairs = zip(images, counted.in_distribution, strict=True)
        images = [level if in_distribution else 'review' for level, in_distribution in pairs]
        flags.append(('review', OUT_OF_DISTRIBUTION))
    flags += [('review', reason) for reason in volume_reasons(volumes)]
    if min(indices) == 0 or max(indices) == located.roi.shape[2] // slices_per_slab(grid) - 1:
        flags.append(('review', 'the basal ganglia reach the edge of the field of view'))
    if ganglia_in_view(t2w, affine) < VISIBLE:
        flags.append(('review', 'the field of view cuts the basal ganglia'))
    if slice_tilt(affine.transform.matrix @ grid) > MAX_TILT:
        flags.append(('review', 'the slices are far from axial'))
    structures = np.asarray(located.structures.dataobj)
    if fluid_contrast(np.asarray(t2w.image.dataobj), structures) < FLUID_CONTRAST:
        flags.append(('review', 'the contrast is not that of a T2w'))
    flags += [('review', problem) for problem in t2w.problems]
    flags += [('review', reason) for reason in _contrast_reasons(fits, problems)]
    if warp.correlation < CORRELATION[0]:
        flags.append(('fail', 'the template does not fit'))
    elif warp.correlation < CORRELATION[1]:
        flags.append(('review', 'the template fits poorly'))
    overall = max([level for level, _ in flags], key=QC_LEVELS.index, default='pass')
    if overall == 'fail':
        images = ['fail'] * len(images)
    return Quality(tuple(images), overall, tuple(reason for _, reason in flags))


def _contrast_reasons(
    fits: Sequence[ContrastFit | Unusable], problems: Sequence[str]
) -> Iterator[str]:
    """Yield what is wrong with the other contrasts; semicolons would separate two reasons."""
    unusable = [fit.reason for fit in fits if isinstance(fit, Unusable)]
    for problem in dict.fromkeys([*problems, *unusable]):
        yield problem.replace(';', ',')
    for fit in fits:
        if isinstance(fit, ContrastFit):
            if fit.overlap < OVERLAP:
                yield f'{fit.name} shows the basal ganglia elsewhere than the T2w'
            if fit.handedness < HANDEDNESS:
                yield f'{fit.name} fits the T2w better with left and right swapped'
