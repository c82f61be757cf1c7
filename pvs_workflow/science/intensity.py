"""The one way in which image intensities are prepared, in training and at inference."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
from scipy.ndimage import binary_dilation

from pvs_workflow.errors import BundleError, ImageError

MOST_MARGIN = 100
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

    @classmethod
    def from_card(cls, values: Mapping) -> 'Preprocessing':
        """Read the parameters from a card; refuse what this version does not know."""
        known = set(cls.__dataclass_fields__)
        if set(values) != known:
            raise BundleError(
                f"the cascade's card has preprocessing parameters {sorted(values)}, expected "
                f'{sorted(known)}'
            )
        out = cls(**values)
        usable = out.outside in ('keep', 'blank') and out.upper > 0
        if not (usable and 0 <= out.margin <= MOST_MARGIN):
            raise BundleError(
                "the cascade's card has unusable preprocessing parameters, expected upper > 0, "
                f'outside keep or blank and margin from 0 to {MOST_MARGIN}, received {values}'
            )
        return out

    def to_card(self) -> dict:
        """Return the parameters as plain values."""
        return asdict(self)


def prepare_image(image: np.ndarray, roi: np.ndarray, how: Preprocessing) -> np.ndarray:
    """Scale one hemisphere image to [0, 1] by its own ROI, and blank what lies outside.

    The T2w signal has an arbitrary gain but a true zero, so one factor is enough. The median
    of the basal ganglia fixes it, because it does not move with the number of bright ePVS, as
    the image's maximum would.

    Parameters
    ----------
    image : (80, 96) array
        T2w intensities.
    roi : (80, 96) array of bool
        This hemisphere's basal ganglia.
    how : Preprocessing

    Returns
    -------
    (80, 96) array of float32, in [0, 1]

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
