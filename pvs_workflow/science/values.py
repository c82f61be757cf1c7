"""Repair of voxel values: missing values, integers that wrapped around, and offsets.

The method needs a T2w whose background is 0. Images that already have one are not changed.
"""

import numpy as np
from scipy.ndimage import label

BACKGROUND = 0.5
"""Percentile that is the background of an image with values below 0.

Air is more than this share of a scan, and undershoot at edges (ringing) is less.
"""

FLOOR = 0.02
"""Maximum ratio of the lowest value to the mean of an image without offset: noise in the air."""


def fill_missing(data: np.ndarray) -> np.ndarray:
    """Set NaN outside the head to the lowest value.

    Programs that resample or mask an image, such as SPM, set the voxels outside to NaN. These
    regions contain corners of the volume.

    Parameters
    ----------
    data : (i, j, k) array of float

    Returns
    -------
    array
        The same array if it has no NaN, else a copy in which all other NaN are kept.

    Examples
    --------
    >>> fill_missing(np.array([[[np.nan, 2.0, np.nan, 3.0]]])).tolist()
    [[[2.0, 2.0, nan, 3.0]]]

    """
    missing = np.isnan(data)
    if not missing.any() or missing.all():
        return data
    pieces, _ = label(missing, np.ones((3, 3, 3)))
    corners = np.unique(pieces[np.ix_((0, -1), (0, -1), (0, -1))])
    return np.where(missing & np.isin(pieces, corners), np.nanmin(data), data)


def unwrap_integers(data: np.ndarray, zero: float, step: float) -> np.ndarray:
    """Restore unsigned integers that were stored or read as signed ones.

    Bright tissue then has negative values. At its borders, where the true image crosses the
    middle of the range smoothly, values jump by nearly the whole range.

    Parameters
    ----------
    data : (i, j, k) array of float
        Values of signed integers, scaled.
    zero : float
        Value of the integer 0, in the unit of ``data``.
    step : float
        Range of the integers in the unit of ``data``, such as 65536 for 16 bits without a scale.

    Returns
    -------
    array
        A copy in which the negative integers are increased by ``step``, if the values at the
        borders of negative regions jump by over half of ``step`` on average; else ``data``.

    Examples
    --------
    >>> unwrap_integers(np.array([[[0.0, 30000, -25536, 100]]]), 0, 65536).astype(int).tolist()
    [[[0, 30000, 40000, 100]]]

    """
    wrapped = (data - zero) * np.sign(step) < 0
    borders = [np.diff(wrapped, axis=axis) for axis in range(data.ndim)]
    if not any(border.any() for border in borders):
        return data
    jumps = [np.diff(data, axis=axis)[border] for axis, border in enumerate(borders)]
    if np.abs(np.concatenate(jumps)).mean() <= abs(step) / 2:
        return data
    return data + np.where(wrapped, data.dtype.type(step), 0)


def subtract_background(data: np.ndarray) -> np.ndarray:
    """Shift an image so that its background is 0.

    Parameters
    ----------
    data : array of float

    Returns
    -------
    array
        ``data`` if its lowest value is from 0 to `FLOOR` times the mean, else a copy with
        values ≥ 0.

    Examples
    --------
    >>> float(subtract_background(np.array([-1024.0] * 300 + [-600.0])).max())
    424.0

    """
    background = low = data.min()
    if 0 <= low <= FLOOR * data.mean():
        return data
    if low < 0:
        background = data.dtype.type(np.percentile(data, BACKGROUND, method='lower'))
    return np.maximum(data - background, 0)
