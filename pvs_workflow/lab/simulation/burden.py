"""How many ePVS each image of a person is to show."""

import numpy as np
from scipy.stats import norm

from pvs_workflow.science.grading import UPPER_COUNTS

LARGEST_COUNT = 48
"""The largest image-level count of the paper's data (Chae et al. 2024, section 2.5)."""

LARGEST_TRAINING_COUNT = 60
"""Of what is drawn to train on: beyond the paper's, so that the network is not at its limit."""

PAPER_GRADES = (4, 244, 138, 55, 15)
"""Images of Potter grade 0 to 4 in the paper's data (Chae et al. 2024, table 2)."""

_PERSON = 0.75  # share of an image's burden that belongs to the person
_HEMISPHERE = 0.10  # … to the hemisphere; the rest is the slice's own


def paper_counts(quantiles: np.ndarray) -> np.ndarray:
    """Map quantiles in (0, 1) to counts with the paper's distribution of grades.

    Within a grade, every count is equally likely.

    Examples
    --------
    >>> paper_counts(np.array([0.001, 0.3, 0.999])).tolist()
    [0, 6, 48]

    """
    edges = np.concatenate([[0], np.cumsum(PAPER_GRADES)]) / np.sum(PAPER_GRADES)
    lowest = np.array([0, *(upper + 1 for upper in UPPER_COUNTS)])
    highest = np.array([*UPPER_COUNTS, LARGEST_COUNT])
    quantiles = np.asarray(quantiles, dtype=float)
    grade = np.clip(np.searchsorted(edges, quantiles, side='right') - 1, 0, 4)
    share = (quantiles - edges[grade]) / (edges[grade + 1] - edges[grade])
    number = highest[grade] - lowest[grade] + 1
    return lowest[grade] + np.minimum(np.floor(share * number), number - 1).astype(int)


def flat_counts(quantiles: np.ndarray) -> np.ndarray:
    """Map quantiles to counts that are all equally likely, 0 to the largest.

    Examples
    --------
    >>> flat_counts(np.array([0.001, 0.5, 0.999])).tolist()
    [0, 30, 60]

    """
    return np.floor(np.asarray(quantiles) * (LARGEST_TRAINING_COUNT + 1)).astype(int)


def draw_quantiles(
    rng: np.random.Generator, n_slices: int, level: float | None = None, tilt: float = 0.0
) -> np.ndarray:
    """Draw how burdened the images of one person are, relative to all images.

    ``level``, in (0, 1), is the person's own quantile, drawn when None; ``tilt`` is in standard
    deviations by which the left hemisphere bears more than the right.

    Returns
    -------
    (2, n_slices) array, in (0, 1)
        Left and right hemisphere; images of one person agree (correlation 0.75), those of one
        hemisphere more so (0.85), and each image's value is uniform over people.

    """
    drawn = rng.standard_normal()
    person = drawn if level is None else norm.ppf(level) / np.sqrt(_PERSON)
    hemisphere = rng.standard_normal((2, 1))
    own = rng.standard_normal((2, n_slices))
    total = (
        np.sqrt(_PERSON) * person
        + np.sqrt(_HEMISPHERE) * hemisphere
        + np.sqrt(1 - _PERSON - _HEMISPHERE) * own
    )
    return norm.cdf(total + np.array([[tilt / 2], [-tilt / 2]]))
