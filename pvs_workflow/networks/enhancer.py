"""The enhancer: a U-Net from an image to the image plus its ePVS mask."""

from dataclasses import dataclass
from functools import partial

from pvs_workflow.networks.engine import load_keras
from pvs_workflow.science.slices import IMAGE_SHAPE

WIDTH = 16
"""Filters of the first level; the paper gives no number, and 16 keeps the weights below 8 MB."""

MAX_WIDTH = 128
"""Maximum width, twice that of the original U-Net; such a network has 124 million weights."""

DEPTH = 4
"""Number of poolings; 80 × 96 pixels can be halved four times."""

MOMENTUM = 0.9
"""Momentum of the running mean and variance of batch normalisation.

Keras' default of 0.99 does not converge within a few hundred steps, so that results at inference
would differ from those in training.
"""


def check_range(name: str, value: float, low: float, high: float) -> None:
    """Raise ValueError unless the value of a field is from ``low`` to ``high``."""
    if not low <= value <= high:
        raise ValueError(f'{name} must be {low} to {high}, received {value}')


@dataclass(frozen=True)
class EnhancerArchitecture:
    """Arguments of :func:`build_enhancer`; part of a cascade's card.

    Attributes
    ----------
    width : int, 1 to 128
        Filters of the first level; each level below has twice as many.
    depth : int, 1 to 4
        Number of poolings.
    adds_to_image : bool
        Whether the last 1 × 1 convolution also gets the image. Otherwise the network has to copy
        the image through all levels, with errors as large as faint ePVS. Not in the paper.
    batch_norm_momentum : float, 0 to 1

    """

    width: int = WIDTH
    depth: int = DEPTH
    adds_to_image: bool = True
    batch_norm_momentum: float = MOMENTUM

    def __post_init__(self):
        check_range('width', self.width, 1, MAX_WIDTH)
        check_range('depth', self.depth, 1, DEPTH)
        check_range('batch_norm_momentum', self.batch_norm_momentum, 0, 1)


def build_enhancer(
    width: int = WIDTH,
    depth: int = DEPTH,
    adds_to_image: bool = True,
    batch_norm_momentum: float = MOMENTUM,
):
    """Build the untrained U-Net of Chae et al. 2024, section 2.4.

    Each level has two 3 × 3 convolutions with batch normalisation and ReLU. Levels are connected
    by 2 × 2 max pooling, 2 × 2 transposed convolutions and skip connections.
    Arguments are those of :class:`EnhancerArchitecture`.

    Returns
    -------
    keras.Model
        (n, 80, 96, 1) in [0, 1] → (n, 80, 96, 1), linear.

    """
    EnhancerArchitecture(width, depth, adds_to_image, batch_norm_momentum)
    keras = load_keras()
    convolve = partial(convolve_twice, keras.layers.Conv2D, momentum=batch_norm_momentum)
    inputs = x = keras.Input((*IMAGE_SHAPE, 1), name='image')
    skips = []
    for level in range(depth):
        x = convolve(x, width * 2**level, f'down{level}')
        skips.append(x)
        x = keras.layers.MaxPooling2D(name=f'pool{level}')(x)
    x = convolve(x, width * 2**depth, 'bottom')
    for level in reversed(range(depth)):
        filters = width * 2**level
        x = keras.layers.Conv2DTranspose(filters, 2, strides=2, name=f'raise{level}')(x)
        x = keras.layers.Concatenate(name=f'skip{level}')([skips[level], x])
        x = convolve(x, filters, f'up{level}')
    if adds_to_image:
        x = keras.layers.Concatenate(name='with_image')([inputs, x])
    outputs = keras.layers.Conv2D(1, 1, name='enhanced')(x)
    return keras.Model(inputs, outputs, name='enhancer')


def convolve_twice(convolution, x, filters: int, name: str, momentum: float):
    """Apply two convolutions, each with batch normalisation and ReLU, to a tensor."""
    layers = load_keras().layers
    for step in (f'{name}a', f'{name}b'):
        x = convolution(filters, 3, padding='same', name=f'{step}_conv')(x)
        x = layers.BatchNormalization(momentum=momentum, name=f'{step}_norm')(x)
        x = layers.ReLU(name=f'{step}_relu')(x)
    return x
