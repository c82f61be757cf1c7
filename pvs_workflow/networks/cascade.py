"""Both networks in a row: images in, enhanced images and counts out."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pvs_workflow.errors import BundleError
from pvs_workflow.networks.card import Card
from pvs_workflow.networks.engine import load_tensorflow
from pvs_workflow.science.slices import IMAGE_SHAPE


@dataclass(frozen=True)
class Prediction:
    """What the cascade makes of some images.

    Attributes
    ----------
    enhanced : (n, 80, 96) array of float32, in [0, 1]
    counts : (n,) array of float, ≥ 0

    """

    enhanced: np.ndarray
    counts: np.ndarray


@dataclass(frozen=True)
class Cascade:
    """Both networks, ready to predict.

    Attributes
    ----------
    enhancer, counter : keras.Model
    card : Card

    """

    enhancer: object
    counter: object
    card: Card

    def predict(self, images: np.ndarray) -> Prediction:
        """Enhance images and count in them.

        Images go through one at a time, so that the company an image has in a call cannot
        change its last digits.

        Parameters
        ----------
        images : (n, 80, 96) array of float32, in [0, 1]
            Prepared by :func:`pvs_workflow.science.intensity.prepare_image` as the card says.

        Returns
        -------
        Prediction

        Raises
        ------
        ValueError
            If the images have another shape or values outside [0, 1].
        BundleError
            If the cascade answers with numbers that are not finite.

        """
        images = _checked(images)
        enhanced = np.zeros(images.shape, np.float32)
        counts = np.zeros(len(images))
        for index, image in enumerate(images):
            pixels, count = self._run(image[np.newaxis, ..., np.newaxis])
            enhanced[index] = pixels.numpy()[0, ..., 0]
            counts[index] = count.numpy()[0, 0]
        if not (np.isfinite(enhanced).all() and np.isfinite(counts).all()):
            raise BundleError(
                f'the cascade {self.card.label} gave values that are not finite, expected '
                'numbers; its weights are unusable'
            )
        return Prediction(enhanced, np.maximum(counts * self.card.count_scale, 0.0))

    @cached_property
    def _run(self):
        tensorflow = load_tensorflow()

        def run(image):
            pixels = tensorflow.clip_by_value(self.enhancer(image, training=False), 0.0, 1.0)
            return pixels, self.counter(pixels, training=False)

        signature = tensorflow.TensorSpec((1, *IMAGE_SHAPE, 1), tensorflow.float32)
        return tensorflow.function(run, input_signature=[signature])


def _checked(images: np.ndarray) -> np.ndarray:
    images = np.asarray(images, dtype=np.float32)
    if images.ndim != 3 or images.shape[1:] != IMAGE_SHAPE:
        raise ValueError(f'images must be (n, 80, 96), received {images.shape}')
    if images.size and not (np.isfinite(images).all() and 0 <= images.min() <= images.max() <= 1):
        raise ValueError('images must lie in [0, 1]')
    return images
