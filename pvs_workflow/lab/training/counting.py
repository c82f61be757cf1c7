"""What a counter learns: the map of counts, its targets and its loss."""

from dataclasses import dataclass

import numpy as np

from pvs_workflow.networks.counter import COUNT_SCALE, MAP
from pvs_workflow.networks.engine import load_keras
from pvs_workflow.science.slices import IMAGE_SHAPE


def count_map(counter):
    """Return the part of a counter that gives its map, with the same weights.

    It takes (n, 80, 96, 1) to (n, r, c, 1), whose mean is count / 48.
    """
    return load_keras().Model(counter.input, counter.get_layer(MAP).output, name=counter.name)


def scale_counts(counter, factor: float) -> None:
    """Multiply, in place, all that a counter gives: its last layer is linear."""
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
        """Return each image's loss from :func:`map_targets` and (n, r, c, 1) outputs."""
        ops = load_keras().ops
        wanted, known = targets[..., 0], targets[..., 1]
        error = outputs[..., 0] - wanted
        count = ops.abs(ops.mean(error, axis=(1, 2)))
        return count + self.places * ops.mean(known * ops.square(error), axis=(1, 2))
