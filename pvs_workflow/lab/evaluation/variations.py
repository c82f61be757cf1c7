"""Draw variations of images once, and apply each enhancement to them.

All enhancements of a fold are trained and tested on the same variations in the same order, so
that their results differ only by the enhancement.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pvs_workflow.lab.evaluation.filters import DEEP, FILTERS, METHODS
from pvs_workflow.lab.training.augment import Augmentation, augmented_image, plain_image
from pvs_workflow.lab.training.batches import enhance
from pvs_workflow.lab.training.counting import map_targets
from pvs_workflow.lab.training.samples import Sample
from pvs_workflow.science.components import enhancement_target
from pvs_workflow.science.emphasis import PAPER, Emphasis
from pvs_workflow.science.intensity import Preprocessing


@dataclass(frozen=True)
class Variations:
    """Prepared images, before and after blanking.

    Attributes
    ----------
    unblanked : (n, 80, 96) array of float32, in [0, 1]
        Images including the surroundings of the ROI.
    visible : (n, 80, 96) array of bool
        Pixels that are not blanked.
    epvs : (n, 80, 96) array of bool
        Mask of the ePVS, which the enhancer learns to add.
    counts : (n,) array of int
    density : (n, 80, 96) array of float32
        Density maps, see :class:`~pvs_workflow.lab.training.augment.TrainingImage`.

    """

    unblanked: np.ndarray
    visible: np.ndarray
    epvs: np.ndarray
    counts: np.ndarray
    density: np.ndarray

    @property
    def blanked(self) -> np.ndarray:
        """Inputs of the cascade, (n, 80, 96)."""
        return np.where(self.visible, self.unblanked, np.float32(0))

    @property
    def targets(self) -> np.ndarray:
        """Targets of the enhancer, (n, 80, 96, 1)."""
        return enhancement_target(self.blanked, self.epvs)[..., np.newaxis]

    def maps(self, stride: int) -> np.ndarray:
        """Return the targets of the counter, (n, r, c, 2): see :func:`map_targets`."""
        return map_targets(self.counts, self.density, stride)


def draw_variations(
    samples: Sequence[Sample],
    preprocessing: Preprocessing,
    augmentation: Augmentation | None,
    rng: np.random.Generator,
) -> Variations:
    """Draw one variation of each sample.

    If ``augmentation`` is None, samples are cut without variation, as inference would with a
    perfect ROI.
    """
    without_blanking = replace(preprocessing, outside='keep')
    unblanked, visible, epvs, counts, density = [], [], [], [], []
    for sample in samples:
        # The same random numbers twice, so that both images show the same variation.
        rng_copy = copy.deepcopy(rng)
        if augmentation is None:
            blanked = plain_image(sample, preprocessing)
            full = plain_image(sample, without_blanking)
        else:
            blanked = augmented_image(sample, preprocessing, augmentation, rng)
            full = augmented_image(sample, without_blanking, augmentation, rng_copy)
        unblanked.append(full.image)
        visible.append(blanked.image > 0 if preprocessing.outside == 'blank' else full.image >= 0)
        epvs.append(blanked.epvs)
        counts.append(blanked.count)
        density.append(blanked.density)
    images = (np.stack(part) for part in (unblanked, visible, epvs))
    return Variations(*images, np.array(counts), np.stack(density))


def enhanced_images(
    variations: Variations, method: str, enhancer=None, emphasis: Emphasis = PAPER
) -> np.ndarray:
    """Return a counter's inputs: (n, 80, 96, 1) float32 images in [0, 1].

    A filter is applied to the whole image, and its result is blanked, so that the border of the
    ROI is not enhanced. The network is applied to the blanked image, as in the app. The method is
    one of ``METHODS``; the trained enhancer and the emphasis are only used for ``deep``.
    """
    if method == DEEP:
        return enhance(enhancer, emphasis, variations.blanked[..., np.newaxis])
    if method not in FILTERS:
        raise ValueError(f'unknown method {method!r}; choose from {", ".join(METHODS)}')
    images = np.stack([FILTERS[method](image) for image in variations.unblanked])
    return np.where(variations.visible, images, np.float32(0))[..., np.newaxis]
