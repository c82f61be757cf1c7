"""The counter: a small CNN from an enhanced image to its number of ePVS."""

from dataclasses import dataclass

from pvs_workflow.networks.engine import load_keras
from pvs_workflow.networks.enhancer import MOMENTUM, check_range
from pvs_workflow.science.slices import IMAGE_SHAPE

FILTERS = (64, 64, 128, 128, 256)
"""Filters of the five convolutions (Chae et al. 2024, section 2.5)."""

STRIDES = (2, 1, 2, 2, 1)
"""Strides of the convolutions; the paper gives neither strides nor pooling.

Three halvings give a receptive field of 35 × 35 pixels (20 × 20 mm), at half the cost of two.
"""

COUNT_SCALE = 48.0
"""Maximum count in the paper's data; the network predicts count / 48."""

MAP = 'map'
"""Name of the layer whose output is the map of counts."""

MAX_LAYERS, MAX_FILTERS, MAX_STRIDE = 10, 1024, 4
"""Limits of the architecture; the largest network has 94 million weights."""


@dataclass(frozen=True)
class CounterArchitecture:
    """Arguments of :func:`build_counter`; part of a cascade's card.

    Attributes
    ----------
    filters, strides : tuple of 1 to 10 int
        Filters (1 to 1,024) and strides (1 to 4) of each 3 × 3 convolution.
    batch_norm_momentum : float, 0 to 1

    """

    filters: tuple[int, ...] = FILTERS
    strides: tuple[int, ...] = STRIDES
    batch_norm_momentum: float = MOMENTUM

    def __post_init__(self):
        if not 1 <= len(self.filters) == len(self.strides) <= MAX_LAYERS:
            raise ValueError(
                f'filters and strides must have the same length, 1 to {MAX_LAYERS}, received '
                f'{len(self.filters)} and {len(self.strides)}'
            )
        for filters, stride in zip(self.filters, self.strides, strict=True):
            check_range('filters', filters, 1, MAX_FILTERS)
            check_range('strides', stride, 1, MAX_STRIDE)
        check_range('batch_norm_momentum', self.batch_norm_momentum, 0, 1)


def build_counter(
    filters: tuple[int, ...] = FILTERS,
    strides: tuple[int, ...] = STRIDES,
    batch_norm_momentum: float = MOMENTUM,
):
    """Build the untrained counter of Chae et al. 2024, section 2.5.

    Each convolution is followed by batch normalisation and ReLU. The last layer is a linear map of
    counts, averaged over the image; since all images have the same size, the mean is proportional
    to the sum. Arguments are those of :class:`CounterArchitecture`.

    Returns
    -------
    keras.Model
        (n, 80, 96, 1) enhanced images in [0, 1] → (n, 1), count / 48.

    """
    CounterArchitecture(tuple(filters), tuple(strides), batch_norm_momentum)
    keras = load_keras()
    inputs = x = keras.Input((*IMAGE_SHAPE, 1), name='enhanced')
    for index, (n, stride) in enumerate(zip(filters, strides, strict=True), start=1):
        x = keras.layers.Conv2D(n, 3, strides=stride, padding='same', name=f'conv{index}')(x)
        x = keras.layers.BatchNormalization(momentum=batch_norm_momentum, name=f'norm{index}')(x)
        x = keras.layers.ReLU(name=f'relu{index}')(x)
    x = keras.layers.Conv2D(1, 1, name=MAP)(x)
    return keras.Model(
        inputs, keras.layers.GlobalAveragePooling2D(name='count')(x), name='counter'
    )
