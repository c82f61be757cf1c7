"""The enhancement network: a U-Net from an image to the image plus its ePVS mask."""

from pvs_workflow.networks.engine import load_keras
from pvs_workflow.science.slices import IMAGE_SHAPE

WIDTH = 16
"""Filters of the first level. The paper gives none; 16 keeps the weights under 8 MB."""

DEPTH = 4
"""Poolings; 80 × 96 pixels halve four times."""

MOMENTUM = 0.9
"""Of the running mean and variance. Keras' 0.99 has not arrived after a few hundred steps, and
the network would then give other results at inference than in training."""

ARCHITECTURE = {
    'kind': 'U-Net',
    'width': WIDTH,
    'depth': DEPTH,
    'adds_to_image': True,
    'output': 'linear',
    'batch_norm_momentum': MOMENTUM,
}


def build_enhancer(width: int = WIDTH, depth: int = DEPTH, adds_to_image: bool = True):
    """Build the untrained U-Net of Chae et al. 2024, section 2.4.

    Each level has two 3 × 3 convolutions, each with batch normalisation and ReLU; levels are
    joined by 2 × 2 max pooling downwards, by 2 × 2 transposed convolutions upwards and by skip
    connections across.

    Parameters
    ----------
    width : int
        Filters of the first level; each level below has twice as many.
    depth : int
        Number of poolings, 1 to 4.
    adds_to_image : bool
        Whether the last 1 × 1 convolution gets the image too. The target is the image plus its
        ePVS: without this the network has to copy the image through all its levels, and its
        errors in that are as large as faint ePVS. Not in the paper.

    Returns
    -------
    keras.Model
        (n, 80, 96, 1) in [0, 1] → (n, 80, 96, 1), linear.

    """
    if not 1 <= depth <= DEPTH:
        raise ValueError(f'depth must be 1 to {DEPTH} so that the image halves, received {depth}')
    keras = load_keras()
    inputs = x = keras.Input((*IMAGE_SHAPE, 1), name='image')
    skips = []
    for level in range(depth):
        x = _level(keras, x, width * 2**level, f'down{level}')
        skips.append(x)
        x = keras.layers.MaxPooling2D(name=f'pool{level}')(x)
    x = _level(keras, x, width * 2**depth, 'bottom')
    for level in reversed(range(depth)):
        filters = width * 2**level
        x = keras.layers.Conv2DTranspose(filters, 2, strides=2, name=f'raise{level}')(x)
        x = keras.layers.Concatenate(name=f'skip{level}')([skips[level], x])
        x = _level(keras, x, filters, f'up{level}')
    if adds_to_image:
        x = keras.layers.Concatenate(name='with_image')([inputs, x])
    outputs = keras.layers.Conv2D(1, 1, name='enhanced')(x)
    return keras.Model(inputs, outputs, name='enhancer')


def _level(keras, x, filters: int, name: str):
    for step in 'ab':
        x = keras.layers.Conv2D(filters, 3, padding='same', name=f'{name}{step}_conv')(x)
        x = keras.layers.BatchNormalization(momentum=MOMENTUM, name=f'{name}{step}_norm')(x)
        x = keras.layers.ReLU(name=f'{name}{step}_relu')(x)
    return x
