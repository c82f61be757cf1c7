"""Preparation of image intensities, shared by training and inference."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import binary_dilation

from pvs_workflow.errors import ImageError

MAX_MARGIN = 100
"""Maximum margin around the ROI, pixels: more than an image has along either axis."""


@dataclass(frozen=True)
class Preprocessing:
    """Parameters of :func:`prepare_image`; part of a cascade's card.

    Attributes
    ----------
    upper : float, > 0
        Intensity that becomes 1, in multiples of the ROI's median; 0 stays 0.
    outside : {'keep', 'blank'}
        Whether pixels outside the ROI are kept or set to 0.
    margin : int, 0 to 100
        Pixels by which the ROI is dilated before the rest is blanked.

    """

    upper: float = 2.5
    outside: str = 'blank'
    margin: int = 2

    def __post_init__(self):
        if not self.upper > 0:
            raise ValueError(f'upper must be > 0, received {self.upper}')
        if self.outside not in ('keep', 'blank'):
            raise ValueError(f"outside must be 'keep' or 'blank', received {self.outside!r}")
        if not 0 <= self.margin <= MAX_MARGIN:
            raise ValueError(f'margin must be 0 to {MAX_MARGIN}, received {self.margin}')


def prepare_image(image: np.ndarray, roi: np.ndarray, preprocessing: Preprocessing) -> np.ndarray:
    """Scale a hemisphere image to [0, 1] by its ROI, and blank the pixels outside it.

    The T2w signal has an arbitrary gain but a true zero, so a single factor suffices. The median
    of the basal ganglia sets it because, unlike the maximum, it does not depend on the number
    of bright ePVS.

    Parameters
    ----------
    image : (80, 96) array
        T2w intensities.
    roi : (80, 96) array of bool
        Basal ganglia of this hemisphere.
    preprocessing : Preprocessing

    Returns
    -------
    (80, 96) array of float32, in [0, 1]

    Raises
    ------
    ImageError
        If the ROI is empty or its median is not positive.

    """
    roi = np.asarray(roi, dtype=bool)
    median = float(np.median(image[roi])) if roi.any() else 0.0
    if not median > 0:
        raise ImageError(
            f'it has no signal in the basal ganglia (median {median:g} of '
            f'{np.count_nonzero(roi)} pixels); check its intensities and field of view'
        )
    scaled = np.clip(image / (preprocessing.upper * median), 0, 1).astype(np.float32)
    if preprocessing.outside == 'blank':
        margin = preprocessing.margin
        mask = binary_dilation(roi, iterations=margin) if margin else roi
        scaled = np.where(mask, scaled, np.float32(0))
    return scaled
