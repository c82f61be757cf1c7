"""Distributions of the number of ePVS in the images of a person."""

import numpy as np
from scipy.stats import norm

from pvs_workflow.science.grading import UPPER_COUNTS

MAX_PAPER_COUNT = 48
"""The largest image-level count of the paper's data (Chae et al. 2024, section 2.5)."""

MAX_TRAINING_COUNT = 60
"""Largest count drawn for training: above the paper's, so that the network covers its range."""

PAPER_GRADES = (4, 244, 138, 55, 15)
"""Number of images of Potter grades 0 to 4 in the paper (Chae et al. 2024, table 2)."""

_PERSON = 0.75  # share of the variance of an image's burden between persons
_HEMISPHERE = 0.10  # … between hemispheres of a person; the rest is between slices


def paper_counts(quantiles: np.ndarray) -> np.ndarray:
    """Map quantiles in (0, 1) to counts with the paper's distribution of grades.

    Within a grade, all counts are equally likely.

    Examples
    --------
    >>> paper_counts(np.array([0.001, 0.3, 0.999])).tolist()
    [0, 6, 48]

    """
    edges = np.concatenate([[0], np.cumsum(PAPER_GRADES)]) / np.sum(PAPER_GRADES)
    lowest = np.array([0, *(upper + 1 for upper in UPPER_COUNTS)])
    highest = np.array([*UPPER_COUNTS, MAX_PAPER_COUNT])
    quantiles = np.asarray(quantiles, dtype=float)
    grade = np.clip(np.searchsorted(edges, quantiles, side='right') - 1, 0, 4)
    share = (quantiles - edges[grade]) / (edges[grade + 1] - edges[grade])
    number = highest[grade] - lowest[grade] + 1
    return lowest[grade] + np.minimum(np.floor(share * number), number - 1).astype(int)


def flat_counts(quantiles: np.ndarray) -> np.ndarray:
    """Map quantiles to equally likely counts from 0 to `MAX_TRAINING_COUNT`.

    Examples
    --------
    >>> flat_counts(np.array([0.001, 0.5, 0.999])).tolist()
    [0, 30, 60]

    """
    return np.floor(np.asarray(quantiles) * (MAX_TRAINING_COUNT + 1)).astype(int)


def draw_quantiles(
    rng: np.random.Generator, n_slices: int, level: float | None = None, tilt: float = 0.0
) -> np.ndarray:
    """Draw the quantiles of a person's images in the distribution of ePVS counts.

    ``level``, in (0, 1), is the quantile of the person, drawn if None. ``tilt`` is the excess of
    the left hemisphere over the right, in standard deviations.

    Returns
    -------
    (2, n_slices) array, in (0, 1)
        Left and right hemisphere. The underlying normal variables correlate by 0.75 between
        images of a person and by 0.85 within a hemisphere; each quantile is uniform.

    """
    sample = rng.standard_normal()
    person = sample if level is None else norm.ppf(level) / np.sqrt(_PERSON)
    hemisphere = rng.standard_normal((2, 1))
    image = rng.standard_normal((2, n_slices))
    total = (
        np.sqrt(_PERSON) * person
        + np.sqrt(_HEMISPHERE) * hemisphere
        + np.sqrt(1 - _PERSON - _HEMISPHERE) * image
    )
    return norm.cdf(total + np.array([[tilt / 2], [-tilt / 2]]))
