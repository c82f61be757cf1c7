"""The cascade of both networks: images in, enhanced images and counts out."""

from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

from pvs_workflow.errors import BundleError
from pvs_workflow.networks.card import Card
from pvs_workflow.networks.engine import load_tensorflow
from pvs_workflow.science.components import added_mask
from pvs_workflow.science.emphasis import emphasise
from pvs_workflow.science.slices import IMAGE_SHAPE

_FLIPS = ((), (0,), (1,), (0, 1))  # axes along which an image is flipped


@dataclass(frozen=True)
class Prediction:
    """Output of the cascade for a set of images.

    Attributes
    ----------
    enhanced : (n, 80, 96) array of float32, in [0, 1]
        Enhanced images.
    evidence : (n, 80, 96) array of float32, in [0, 1]
        Mask that the enhancer added to each image, clipped.
    counts : (n,) array of float, ≥ 0
        Predicted number of ePVS on each image.

    """

    enhanced: np.ndarray
    evidence: np.ndarray
    counts: np.ndarray


@dataclass(frozen=True)
class Cascade:
    """Both networks and their card.

    Attributes
    ----------
    enhancer, counter : keras.Model
    card : Card

    """

    enhancer: object
    counter: object
    card: Card

    def predict(self, images: np.ndarray) -> Prediction:
        """Enhance images and count their ePVS.

        Predictions are averaged over the four flips of an image, because the networks were
        trained on flipped images and their errors differ between flips. Images are processed one
        at a time, so that results do not depend on the other images of a call.

        Parameters
        ----------
        images : (n, 80, 96) array of float32, in [0, 1]
            Images prepared by :func:`pvs_workflow.science.intensity.prepare_image`, with the
            preprocessing on the card.

        Returns
        -------
        Prediction

        Raises
        ------
        ValueError
            If images have another shape or values outside [0, 1].
        BundleError
            If predictions are not finite.

        """
        images = _check_images(images)
        mask, counts = np.zeros_like(images), np.zeros((len(images), len(_FLIPS)))
        enhance, count = self._run
        for index, image in enumerate(images):
            flipped = np.stack([np.flip(image, axes) for axes in _FLIPS])[..., np.newaxis]
            added = added_mask(flipped, enhance(flipped).numpy())
            counts[index] = count(emphasise(flipped, added, self.card.emphasis)).numpy()[:, 0]
            masks = [np.flip(one, axes) for one, axes in zip(added[..., 0], _FLIPS, strict=True)]
            mask[index] = np.mean(masks, axis=0)
        enhanced = emphasise(images, mask, self.card.emphasis)
        counts = np.maximum(counts * self.card.count_scale, 0.0)
        if not (np.isfinite(enhanced).all() and np.isfinite(counts).all()):
            raise BundleError(
                f'the cascade {self.card.label} predicts NaN or infinite values; use another one'
            )
        return Prediction(enhanced, np.clip(mask, 0, 1), counts.mean(axis=1))

    @cached_property
    def _run(self):
        tensorflow = load_tensorflow()
        shape = (len(_FLIPS), *IMAGE_SHAPE, 1)
        signature = [tensorflow.TensorSpec(shape, tensorflow.float32)]
        return tuple(
            tensorflow.function(partial(network, training=False), input_signature=signature)
            for network in (self.enhancer, self.counter)
        )


def _check_images(images: np.ndarray) -> np.ndarray:
    images = np.asarray(images, dtype=np.float32)
    if images.ndim != 3 or images.shape[1:] != IMAGE_SHAPE:
        raise ValueError(f'images must be (n, 80, 96), received {images.shape}')
    if images.size and not (np.isfinite(images).all() and 0 <= images.min() <= images.max() <= 1):
        raise ValueError('images must lie in [0, 1]')
    return images
