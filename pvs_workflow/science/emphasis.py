"""Weight of the evidence in the enhanced image."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Emphasis:
    """Parameters of :func:`emphasise`; part of a cascade's card.

    A network trained by squared errors predicts the expected mask: a little evidence everywhere in
    tissue, and less than 1 on an ePVS. Evidence from ``floor`` to 1 − ``floor`` is therefore
    stretched to 0 to 1 and clipped. A floor of 0 leaves it unchanged.

    Attributes
    ----------
    weight : float, > 0
        Weight of the evidence relative to the image.
    floor : float, in [0, 0.5)
        Evidence that is set to 0.

    """

    weight: float = 1.0
    floor: float = 0.0

    def __post_init__(self):
        if not (0 < self.weight < np.inf and 0 <= self.floor < 0.5):
            raise ValueError(
                'weight must be > 0 and floor in [0, 0.5), received '
                f'{self.weight} and {self.floor}'
            )


PAPER = Emphasis()
"""Equal weights of image and mask (Chae et al. 2024, section 2.4)."""


def emphasise(image: np.ndarray, added: np.ndarray, emphasis: Emphasis = PAPER) -> np.ndarray:
    """Return the enhanced image: an image plus its evidence of ePVS.

    Parameters
    ----------
    image : array, in [0, 1]
    added : array, same shape
        Mask that the enhancer added to the image, about 0 to 1.
    emphasis : Emphasis

    Returns
    -------
    array of float32, same shape, in [0, 1]

    Examples
    --------
    >>> emphasise(np.array([0.4, 0.4, 0.4]), np.array([0.05, 0.5, 0.95]), Emphasis(3.0, 0.1))
    array([0.1  , 0.475, 0.85 ], dtype=float32)

    """
    image, evidence = np.asarray(image, np.float32), np.asarray(added, np.float32)
    weight, floor = emphasis.weight, emphasis.floor
    if floor:
        evidence = np.clip((evidence - np.float32(floor)) / np.float32(1 - 2 * floor), 0, 1)
    total = (image + np.float32(weight) * evidence) / np.float32(1 + weight)
    return np.clip(total, 0, 1)
