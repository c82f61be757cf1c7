"""The quantification network: a small CNN from an enhanced image to its count."""

from dataclasses import dataclass

import numpy as np

from pvs_workflow.networks.engine import load_keras
from pvs_workflow.networks.enhancer import MOMENTUM
from pvs_workflow.science.slices import IMAGE_SHAPE

FILTERS = (64, 64, 128, 128, 256)
"""Chae et al. 2024, section 2.5."""

STRIDES = (2, 1, 2, 2, 1)
"""Our choice; the paper gives neither strides nor pooling. Halving three times lets each output
see 35 × 35 pixels (20 × 20 mm), at half the arithmetic of halving twice."""

COUNT_SCALE = 48.0
"""The largest count in the paper's data: the network learns count / 48."""

MAP = 'map'
"""Name of the layer that gives the map of counts."""

ARCHITECTURE = {
    'kind': 'CNN',
    'filters': list(FILTERS),
    'strides': list(STRIDES),
    'output': 'mean of a map of counts',
    'batch_norm_momentum': MOMENTUM,
}


def build_counter(filters: tuple[int, ...] = FILTERS, strides: tuple[int, ...] = STRIDES):
    """Build the untrained counter of Chae et al. 2024, section 2.5.

    A linear map of counts, averaged over the image: as all images have one size, the count is a
    sum over places.

    Parameters
    ----------
    filters, strides : tuple of int, of one length
        Of the 3 × 3 convolutions, each followed by batch normalisation and ReLU.

    Returns
    -------
    keras.Model
        (n, 80, 96, 1) enhanced images in [0, 1] → (n, 1), count / 48.

    """
    keras = load_keras()
    inputs = x = keras.Input((*IMAGE_SHAPE, 1), name='enhanced')
    for index, (n, stride) in enumerate(zip(filters, strides, strict=True), start=1):
        x = keras.layers.Conv2D(n, 3, strides=stride, padding='same', name=f'conv{index}')(x)
        x = keras.layers.BatchNormalization(momentum=MOMENTUM, name=f'norm{index}')(x)
        x = keras.layers.ReLU(name=f'relu{index}')(x)
    x = keras.layers.Conv2D(1, 1, name=MAP)(x)
    return keras.Model(
        inputs, keras.layers.GlobalAveragePooling2D(name='count')(x), name='counter'
    )


def count_map(counter):
    """Return the part of a counter that gives its map, with the same weights.

    Parameters
    ----------
    counter : keras.Model
        From :func:`build_counter`.

    Returns
    -------
    keras.Model
        (n, 80, 96, 1) → (n, r, c, 1), whose mean is count / 48.

    """
    return load_keras().Model(counter.input, counter.get_layer(MAP).output, name=counter.name)


def scale_counts(counter, factor: float) -> None:
    """Multiply all that a counter gives: its last layer is linear.

    Parameters
    ----------
    counter : keras.Model
        From :func:`build_counter`; changed in place.
    factor : float, > 0

    """
    layer = counter.get_layer(MAP)
    layer.set_weights([weights * np.float32(factor) for weights in layer.get_weights()])


def map_targets(counts: np.ndarray, places: np.ndarray, stride: int) -> np.ndarray:
    """Return what :class:`CountingLoss` compares a counter's map with.

    Parameters
    ----------
    counts : (n,) array
    places : (n, 80, 96) array
        Sums to each image's count, each ePVS spread over its own pixels; NaN throughout an image
        of which only the count is known.
    stride : int
        Pixels along an edge of the map's cells.

    Returns
    -------
    (n, 80 / stride, 96 / stride, 2) array of float32
        The map, whose mean is count / 48, and whether the places are known.

    """
    n = len(counts)
    shape = (n, IMAGE_SHAPE[0] // stride, stride, IMAGE_SHAPE[1] // stride, stride)
    cells = places.reshape(shape).sum(axis=(2, 4))
    known = np.isfinite(cells)
    scale = cells[0].size / COUNT_SCALE
    even = np.reshape(counts, (n, 1, 1)) / COUNT_SCALE
    return np.stack([np.where(known, cells * scale, even), known], axis=-1).astype(np.float32)


@dataclass(frozen=True)
class CountingLoss:
    """Absolute error of the count, plus the squared error of where it was counted.

    One number an image says little to a network: a map says for each of its cells what is to be
    counted there.

    Attributes
    ----------
    places : float
        Weight of the map's mean squared error; 0 for the paper's loss.

    """

    places: float

    def __call__(self, targets, outputs):
        """Return the loss of each image, for keras.

        Parameters
        ----------
        targets : (n, r, c, 2) tensor
            From :func:`map_targets`.
        outputs : (n, r, c, 1) tensor

        """
        ops = load_keras().ops
        wanted, known = targets[..., 0], targets[..., 1]
        error = outputs[..., 0] - wanted
        count = ops.abs(ops.mean(error, axis=(1, 2)))
        return count + self.places * ops.mean(known * ops.square(error), axis=(1, 2))
