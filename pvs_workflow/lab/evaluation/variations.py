"""Images for the comparison of enhancements: varied once, then enhanced in every way.

All enhancements of a fold learn from, and are tested on, the very same variations in the same
order, so that their results differ by the enhancement alone.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pvs_workflow.lab.evaluation.filters import METHODS as FILTERS
from pvs_workflow.lab.training.augment import Augmentation, augmented_image, plain_image
from pvs_workflow.lab.training.batches import enhance
from pvs_workflow.lab.training.counting import map_targets
from pvs_workflow.lab.training.samples import Sample
from pvs_workflow.science.components import enhancement_target
from pvs_workflow.science.emphasis import PAPER, Emphasis
from pvs_workflow.science.intensity import Preprocessing

DEEP = 'deep'
METHODS = (*FILTERS, DEEP)
"""What is compared, in the order of the paper's tables."""


@dataclass(frozen=True)
class Variations:
    """Prepared images, before and after blanking.

    Attributes
    ----------
    whole : (n, 80, 96) array of float32, in [0, 1]
        With what lies outside the ROI.
    kept : (n, 80, 96) array of bool
        Pixels that are not blanked.
    epvs : (n, 80, 96) array of bool
        What the enhancer is to add.
    counts : (n,) array of int
    places : (n, 80, 96) array of float32
        As :class:`~pvs_workflow.lab.training.augment.TrainingImage` has them.

    """

    whole: np.ndarray
    kept: np.ndarray
    epvs: np.ndarray
    counts: np.ndarray
    places: np.ndarray

    @property
    def blanked(self) -> np.ndarray:
        """The images as the cascade gets them, (n, 80, 96)."""
        return np.where(self.kept, self.whole, np.float32(0))

    @property
    def targets(self) -> np.ndarray:
        """What the enhancer is to give, (n, 80, 96, 1)."""
        return enhancement_target(self.blanked, self.epvs)[..., np.newaxis]

    def maps(self, stride: int) -> np.ndarray:
        """Return what the counter is to give, (n, r, c, 2): :func:`map_targets`."""
        return map_targets(self.counts, self.places, stride)


def draw_variations(
    samples: Sequence[Sample],
    how: Preprocessing,
    by: Augmentation | None,
    rng: np.random.Generator,
) -> Variations:
    """Vary samples, each once, or cut them as inference would with a perfect ROI (no ``by``)."""
    open_how = replace(how, outside='keep')
    whole, kept, epvs, counts, places = [], [], [], [], []
    for sample in samples:
        # The same numbers twice, so that both images are one variation.
        again = copy.deepcopy(rng)
        if by is None:
            blanked, full = plain_image(sample, how), plain_image(sample, open_how)
        else:
            blanked = augmented_image(sample, how, by, rng)
            full = augmented_image(sample, open_how, by, again)
        whole.append(full.image)
        kept.append(blanked.image > 0 if how.outside == 'blank' else full.image >= 0)
        epvs.append(blanked.epvs)
        counts.append(blanked.count)
        places.append(blanked.places)
    images = (np.stack(part) for part in (whole, kept, epvs))
    return Variations(*images, np.array(counts), np.stack(places))


def enhanced_images(
    variations: Variations, method: str, enhancer=None, emphasis: Emphasis = PAPER
) -> np.ndarray:
    """Return the (n, 80, 96, 1) images of float32, in [0, 1], that a counter gets.

    A filter sees the whole image and its answer is blanked, so that the border of the ROI is
    not enhanced; the network sees what it sees in the app, the blanked image. The method is one
    of ``METHODS``; the trained enhancer and the emphasis are for ``deep`` only.
    """
    if method == DEEP:
        return enhance(enhancer, emphasis, variations.blanked[..., np.newaxis])
    if method not in FILTERS:
        raise ValueError(f'method must be one of {METHODS}, received {method!r}')
    images = np.stack([FILTERS[method](image) for image in variations.whole])
    return np.where(variations.kept, images, np.float32(0))[..., np.newaxis]
