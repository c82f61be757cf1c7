"""Step 8: assess the quality of a result from ROI, registration and appearance."""

from dataclasses import dataclass

import numpy as np

from pvs_workflow.derivatives.counts import QC_LEVELS
from pvs_workflow.method.align import ContrastFit
from pvs_workflow.method.count import ImageCounts
from pvs_workflow.method.cut import SixImages
from pvs_workflow.method.locate import BasalGanglia, Warp
from pvs_workflow.method.saved import Saved
from pvs_workflow.science.quality import ROI_AREA, roi_areas, roi_volumes, volume_reasons
from pvs_workflow.science.slabs import slices_per_slab

CORRELATION = (0.3, 0.4)
"""Correlation with the template around the basal ganglia: below the first the alignment has
failed, below the second it wants a look."""

OVERLAP = 0.83
"""Overlap (Dice) of the basal ganglia that the T2w and another contrast show: below, the other one
does not lie on the T2w, or is somebody else's. It parts 17 own T1w from 9 others' in
docs/validation.md."""

HANDEDNESS = 0.98
"""Mutual information of the T2w and another contrast, over that with its mirror image: below, one
of the two has left and right swapped."""

UNFAMILIAR = 'an image unlike those the cascade was trained on'


@dataclass(frozen=True)
class Quality(Saved):
    """Flags of one T2w.

    Attributes
    ----------
    images : tuple of 6 str
        'pass', 'review' or 'fail' for each image.
    overall : str
        The worst of all.
    reasons : tuple of str
        Empty when ``overall`` is 'pass'.

    """

    images: tuple[str, ...]
    overall: str
    reasons: tuple[str, ...]


def assess_quality(
    six: SixImages,
    located: BasalGanglia,
    counted: ImageCounts,
    warp: Warp,
    fits: tuple[ContrastFit, ...] = (),
) -> Quality:
    """Flag what is implausible about a result; ``fits`` are those of all other contrasts."""
    affine = located.roi.affine
    volumes = roi_volumes(np.asarray(located.roi.dataobj), affine)
    chosen = [view.slice_index for view in six.views]
    images = ['review' if area < ROI_AREA else 'pass' for area in roi_areas(six.rois)]
    found: list[tuple[str, str]] = []
    if 'review' in images:
        found.append(('review', 'little of the basal ganglia on an image'))
    if not all(counted.in_distribution):
        known = zip(images, counted.in_distribution, strict=True)
        images = [level if familiar else 'review' for level, familiar in known]
        found.append(('review', UNFAMILIAR))
    found += [('review', reason) for reason in volume_reasons(volumes)]
    if min(chosen) == 0 or max(chosen) == located.roi.shape[2] // slices_per_slab(affine) - 1:
        found.append(('review', 'the basal ganglia reach the edge of the field of view'))
    if any(other.overlap < OVERLAP for other in fits):
        found.append(('review', 'T1w or FLAIR shows the basal ganglia elsewhere than the T2w'))
    if any(other.handedness < HANDEDNESS for other in fits):
        found.append(('review', 'T1w or FLAIR fits the T2w better with left and right swapped'))
    if warp.correlation < CORRELATION[0]:
        found.append(('fail', 'the template does not fit'))
    elif warp.correlation < CORRELATION[1]:
        found.append(('review', 'the template fits poorly'))
    overall = max([level for level, _ in found], key=QC_LEVELS.index, default='pass')
    if overall == 'fail':
        images = ['fail'] * len(images)
    return Quality(tuple(images), overall, tuple(reason for _, reason in found))
