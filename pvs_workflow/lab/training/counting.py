"""The map of counts that a counter learns: its targets and its loss."""

from dataclasses import dataclass

import numpy as np

from pvs_workflow.networks.counter import COUNT_SCALE, MAP
from pvs_workflow.networks.engine import load_keras
from pvs_workflow.science.slices import IMAGE_SHAPE


def count_map(counter):
    """Return the part of a counter that outputs its map, with shared weights.

    It maps (n, 80, 96, 1) images to (n, r, c, 1) arrays whose mean is count / 48.
    """
    return load_keras().Model(counter.input, counter.get_layer(MAP).output, name=counter.name)


def scale_counts(counter, factor: float) -> None:
    """Multiply a counter's outputs by a factor, in place, in its linear last layer."""
    layer = counter.get_layer(MAP)
    layer.set_weights([weights * np.float32(factor) for weights in layer.get_weights()])


def map_targets(counts: np.ndarray, density: np.ndarray, stride: int) -> np.ndarray:
    """Return the targets that :class:`CountingLoss` compares a counter's map with.

    Parameters
    ----------
    counts : (n,) array
    density : (n, 80, 96) array
        Density maps, each of which sums to the image's count; all NaN for an image of which
        only the count is known.
    stride : int
        Pixels along an edge of the map's cells.

    Returns
    -------
    (n, 80 / stride, 96 / stride, 2) array of float32
        The map, whose mean is count / 48, and 1 where the density is known, else 0.

    """
    n = len(counts)
    shape = (n, IMAGE_SHAPE[0] // stride, stride, IMAGE_SHAPE[1] // stride, stride)
    cells = density.reshape(shape).sum(axis=(2, 4))
    known = np.isfinite(cells)
    scale = cells[0].size / COUNT_SCALE
    even = np.reshape(counts, (n, 1, 1)) / COUNT_SCALE
    return np.stack([np.where(known, cells * scale, even), known], axis=-1).astype(np.float32)


@dataclass(frozen=True)
class CountingLoss:
    """Absolute error of the count plus the weighted squared error of the map.

    A map has a target for each of its cells, from which a network learns more than from a single
    number for each image.

    Attributes
    ----------
    map_weight : float
        Weight of the map's mean squared error; 0 for the paper's loss.

    """

    map_weight: float

    def __call__(self, targets, outputs):
        """Return each image's loss for :func:`map_targets` and (n, r, c, 1) outputs."""
        ops = load_keras().ops
        expected, known = targets[..., 0], targets[..., 1]
        error = outputs[..., 0] - expected
        count = ops.abs(ops.mean(error, axis=(1, 2)))
        return count + self.map_weight * ops.mean(known * ops.square(error), axis=(1, 2))
