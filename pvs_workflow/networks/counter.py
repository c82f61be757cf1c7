"""The quantification network: a small CNN from an enhanced image to its count."""

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

ARCHITECTURE = {
    'kind': 'CNN',
    'filters': list(FILTERS),
    'strides': list(STRIDES),
    'pooling': 'global average',
    'batch_norm_momentum': MOMENTUM,
}


def build_counter(filters: tuple[int, ...] = FILTERS, strides: tuple[int, ...] = STRIDES):
    """Build the untrained counter of Chae et al. 2024, section 2.5.

    Global average pooling before a linear output makes the count a sum over places, as all
    images have one size.

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
    x = keras.layers.GlobalAveragePooling2D(name='pool')(x)
    return keras.Model(inputs, keras.layers.Dense(1, name='count')(x), name='counter')
