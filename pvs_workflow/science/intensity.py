"""The one way in which image intensities are prepared, in training and at inference."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import binary_dilation

from pvs_workflow.errors import ImageError

MAX_MARGIN = 100
"""Pixels: more than an image has along either edge."""


@dataclass(frozen=True)
class Preprocessing:
    """How a cascade wants its images; part of the bundle's card.

    Attributes
    ----------
    upper : float
        The intensity, in multiples of the ROI's median, that becomes 1; zero stays 0.
    outside : {'keep', 'blank'}
        Whether pixels outside the ROI are set to 0.
    margin : int
        Pixels by which the ROI is widened before the rest is blanked.

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


def prepare_image(image: np.ndarray, roi: np.ndarray, how: Preprocessing) -> np.ndarray:
    """Scale one hemisphere image to [0, 1], float32, by its own ROI; blank what lies outside.

    The T2w signal has an arbitrary gain but a true zero, so one factor is enough. The median
    of the basal ganglia fixes it, because it does not move with the number of bright ePVS, as
    the image's maximum would.

    Parameters
    ----------
    image : (80, 96) array
        T2w intensities.
    roi : (80, 96) array of bool
        This hemisphere's basal ganglia.

    Raises
    ------
    ImageError
        If the image has no ROI, or no positive signal in it.

    """
    roi = np.asarray(roi, dtype=bool)
    median = float(np.median(image[roi])) if roi.any() else 0.0
    if not median > 0:
        raise ImageError(
            'it has no signal in the basal ganglia, expected a positive median intensity, '
            f'received {median:g} in {np.count_nonzero(roi)} pixels'
        )
    scaled = np.clip(image / (how.upper * median), 0, 1).astype(np.float32)
    if how.outside == 'blank':
        kept = binary_dilation(roi, iterations=how.margin) if how.margin else roi
        scaled = np.where(kept, scaled, np.float32(0))
    return scaled
