"""Potter grades of counts and of persons."""

import numpy as np

GRADES = (0, 1, 2, 3, 4)
UPPER_COUNTS = (0, 10, 20, 40)
"""Maximum counts of grades 0 to 3; grade 4 has no maximum (Potter et al. 2015)."""

MAX_COUNT = 10_000
"""Maximum valid count; an image has fewer pixels."""


def round_count(count):
    """Round counts to the nearest integer, halves up.

    Parameters
    ----------
    count : float or array of float

    Returns
    -------
    int or array of int, same shape

    Examples
    --------
    >>> round_count([0.49, 0.5, 10.5]).tolist()
    [0, 1, 11]
    """
    return np.floor(np.asarray(count, dtype=float) + 0.5).astype(int)


def potter_grade(count):
    """Return the Potter grade, 0–4, of one or more predicted counts.

    Rounded counts of 0, 1–10, 11–20, 21–40 and over 40 have the grades 0 to 4 (Potter et al. 2015,
    Cerebrovasc Dis 39:224).

    Parameters
    ----------
    count : float or array of float, ≥ 0
        Number of ePVS in one hemisphere of one slice.

    Returns
    -------
    int or array of int, same shape

    Raises
    ------
    ValueError
        If a count is negative or not finite.

    Examples
    --------
    >>> potter_grade([0.4, 1, 10.4, 10.5, 20, 21, 40, 41]).tolist()
    [0, 1, 1, 2, 2, 3, 3, 4]
    """
    counts = np.asarray(count, dtype=float)
    if not (np.isfinite(counts).all() and (counts >= 0).all()):
        raise ValueError(f'counts must be finite and ≥ 0, received {count!r}')
    return np.searchsorted(UPPER_COUNTS, round_count(counts), side='left')


def person_grade(counts) -> int:
    """Return a person's grade, the highest grade of the images (Chae et al. 2024, section 2.6).

    Parameters
    ----------
    counts : sequence of float, ≥ 0
        Counts of the person's images.

    Returns
    -------
    int
        0 to 4.

    Examples
    --------
    >>> person_grade([3.2, 11.0, 0.0])
    2
    """
    return int(np.max(potter_grade(counts)))
