"""The nuclei network: a small 3D U-Net that segments the deep grey matter in any contrast."""

import functools
from pathlib import Path

import numpy as np

from pvs_workflow.errors import BundleError
from pvs_workflow.networks.bundle import load_weights
from pvs_workflow.networks.engine import load_keras
from pvs_workflow.networks.enhancer import convolve_twice
from pvs_workflow.science.nuclei import BOX_SHAPE, CLASSES, standardise

WIDTH = 12
"""Filters of the first level."""

DEPTH = 3
"""Number of poolings; the box can be halved three times."""

MOMENTUM = 0.95
"""Momentum of the running mean and variance of batch normalisation."""


def build_nuclei_network(width: int = WIDTH, depth: int = DEPTH):
    """Build the untrained nuclei network.

    Each level has two 3 × 3 × 3 convolutions with batch normalisation and ReLU, and twice the
    filters of the level above. Levels are connected by max pooling, nearest-neighbour upsampling
    and skip connections.

    Parameters
    ----------
    width : int
        Filters of the first level.
    depth : int
        Number of poolings, at most 3.

    Returns
    -------
    keras.Model
        (n, 64, 72, 56, 1) standard scores → (n, 64, 72, 56, 7) logits.

    """
    keras = load_keras()
    convolve = functools.partial(convolve_twice, keras.layers.Conv3D, momentum=MOMENTUM)
    inputs = x = keras.Input((*BOX_SHAPE, 1), name='box')
    skips = []
    for level in range(depth):
        x = convolve(x, width * 2**level, f'down{level}')
        skips.append(x)
        x = keras.layers.MaxPooling3D(name=f'pool{level}')(x)
    x = convolve(x, width * 2**depth, 'bottom')
    for level in reversed(range(depth)):
        x = keras.layers.UpSampling3D(name=f'raise{level}')(x)
        x = keras.layers.Concatenate(name=f'skip{level}')([skips[level], x])
        x = convolve(x, width * 2**level, f'up{level}')
    outputs = keras.layers.Conv3D(len(CLASSES), 1, name='logits')(x)
    return keras.Model(inputs, outputs, name='nuclei')


def predict_nuclei(model, box: np.ndarray) -> np.ndarray:
    """Return the probability of each class, averaged over the box and its mirror image.

    Parameters
    ----------
    model : keras.Model
        Network of :func:`build_nuclei_network`.
    box : (64, 72, 56) array
        Intensities in any unit.

    Returns
    -------
    (64, 72, 56, 7) array of float32, in [0, 1]

    """
    keras = load_keras()
    image, probabilities = standardise(box), []
    for step in (1, -1):
        logits = model(image[None, ::step, ..., None], training=False)
        probabilities.append(np.asarray(keras.ops.softmax(logits, axis=-1))[0, ::step])
    return np.mean(probabilities, axis=0)


@functools.lru_cache(maxsize=1)
def cached_nuclei_network(path: Path):
    """Load the network from a safetensors file once per process; do not train it.

    Returns
    -------
    keras.Model

    Raises
    ------
    BundleError
        If the file cannot be read or does not hold the weights of this network.

    """
    model = build_nuclei_network()
    try:
        load_weights(model, Path(path).read_bytes())
    except (OSError, ValueError) as error:
        raise BundleError(
            f'the nuclei network {path} cannot be used: {error}; reinstall pvs_workflow'
        ) from error
    return model
