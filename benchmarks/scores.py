"""Scores of agreement between two label images of one grid, and summaries of scores.

Label images have FreeSurfer's numbers, with the internal capsule, in canonical order.
"""

from collections.abc import Sequence

import numpy as np

from pvs_workflow.science.roi import roi_labels
from pvs_workflow.science.slabs import slab_labels, slices_per_slab
from pvs_workflow.science.slices import find_views

NUCLEI = {
    'caudate': (11, 50),
    'putamen': (12, 51),
    'pallidum': (13, 52),
    'together': (11, 12, 13, 50, 51, 52),
}
STRUCTURES = NUCLEI | {'accumbens': (26, 58), 'internal capsule': (155, 156)}
ROI = (1, 2)


def dice(ours: np.ndarray, theirs: np.ndarray, labels: Sequence[int]) -> float | None:
    """Return the Dice coefficient of a set of labels; None if neither image has any."""
    a, b = np.isin(ours, labels), np.isin(theirs, labels)
    both = np.count_nonzero(a) + np.count_nonzero(b)
    return round(float(2 * np.count_nonzero(a & b) / both), 3) if both else None


def score(ours: np.ndarray, theirs: np.ndarray) -> dict[str, float | None]:
    """Return the Dice coefficient of each structure and of the whole ROI."""
    scores = {name: dice(ours, theirs, labels) for name, labels in STRUCTURES.items()}
    return scores | {'roi': dice(roi_labels(ours), roi_labels(theirs), ROI)}


def slice_offset(ours: np.ndarray, theirs: np.ndarray, affine: np.ndarray) -> int:
    """Return the number of slices (slabs) by which our three lie above those of the true ROI."""
    n = slices_per_slab(affine)
    lowest = [
        min(view.slice_index for view in find_views(slab_labels(roi_labels(labels), n)))
        for labels in (ours, theirs)
    ]
    return lowest[0] - lowest[1]


def spread(values: Sequence[float | None], worst=max, digits: int = 3) -> dict:
    """Return the number of values, their quartiles, 95th percentile and worst.

    None (nothing to measure) is counted separately; ``worst`` is ``max`` for errors, ``min`` for
    overlaps.
    """
    valid = np.array([value for value in values if value is not None], dtype=float)
    out: dict = {'n': int(valid.size), 'none': len(values) - int(valid.size)}
    if not valid.size:
        return out
    low, median, high, tail = np.percentile(valid, (25, 50, 75, 95))
    return out | {
        'median': round(float(median), digits),
        'quartiles': [round(float(low), digits), round(float(high), digits)],
        'percentile_95': round(float(tail), digits),
        'worst': round(float(worst(valid)), digits),
    }
