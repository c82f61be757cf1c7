"""How strongly the enhanced image shows what the enhancer found."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Emphasis:
    """What becomes of the evidence in the enhanced image; part of a cascade's card.

    A network that learns by squared errors answers with the mean of what could be there: a little
    evidence all over the tissue, and less than all of it on an ePVS. What is below the floor is
    therefore taken as none, what is as near to 1 as whole, and the rest is stretched between.
    Without a floor it stays as it is.

    Attributes
    ----------
    weight : float, > 0
        Of the evidence against the image.
    floor : float, in [0, 0.5)
        Evidence that counts as none.

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
"""Image and mask alike, as Chae et al. 2024, section 2.4."""


def emphasise(image: np.ndarray, added: np.ndarray, how: Emphasis = PAPER) -> np.ndarray:
    """Return the enhanced image: an image plus its evidence of ePVS, float32 in [0, 1].

    Parameters
    ----------
    image : array, in [0, 1]
    added : array, same shape
        What the enhancer added to the image, in multiples of a mask: 0 none, 1 whole; it may lie
        outside.

    Examples
    --------
    >>> emphasise(np.array([0.4, 0.4, 0.4]), np.array([0.05, 0.5, 0.95]), Emphasis(3.0, 0.1))
    array([0.1  , 0.475, 0.85 ], dtype=float32)

    """
    image, shown = np.asarray(image, np.float32), np.asarray(added, np.float32)
    if how.floor:
        shown = np.clip((shown - np.float32(how.floor)) / np.float32(1 - 2 * how.floor), 0, 1)
    total = (image + np.float32(how.weight) * shown) / np.float32(1 + how.weight)
    return np.clip(total, 0, 1)
