"""A look into a keras file before keras opens it: only plain layers, no code."""

import io
import math
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from pvs_workflow.errors import BundleError
from pvs_workflow.files import parse_json
from pvs_workflow.networks.engine import load_keras

UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    KeyError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
)
"""What zipfile and json raise on files that they cannot read."""

ALLOWED = frozenset(
    {
        ('keras', 'DTypePolicy'),
        ('keras.initializers', 'GlorotUniform'),
        ('keras.initializers', 'HeNormal'),
        ('keras.initializers', 'Ones'),
        ('keras.initializers', 'Zeros'),
        ('keras.src.models.functional', 'Functional'),
        *(
            ('keras.layers', name)
            for name in (
                'Activation',
                'Add',
                'AveragePooling2D',
                'BatchNormalization',
                'Concatenate',
                'Conv2D',
                'Conv2DTranspose',
                'Dense',
                'Dropout',
                'GlobalAveragePooling2D',
                'InputLayer',
                'LeakyReLU',
                'MaxPooling2D',
                'ReLU',
                'SeparableConv2D',
                'UpSampling2D',
            )
        ),
    }
)
"""What a network may be made of, as (module, class)."""

MAX_CONFIG = 4 * 2**20
"""Bytes of a network's description; a U-Net's is about 40 kB."""

MEMBERS = {'config.json', 'metadata.json', 'model.weights.h5'}
"""What a ``.keras`` file has in it."""

MOST_NUMBERS = 2**27
"""Weights of a network, and pixels times channels of one layer's output for one image."""

_DEEPEST = 100
"""Levels of a description; a U-Net's has 12."""


def check_layers(path: Path) -> dict:
    """Refuse a ``.keras`` file with anything but plain layers in it.

    Safe mode of keras refuses pickled lambdas; this also refuses named functions, custom
    classes and whatever else could run code, before keras sees the file.

    Returns
    -------
    dict
        The network's description.

    Raises
    ------
    BundleError

    """
    try:
        with zipfile.ZipFile(path) as archive:
            _check_members(archive)
            config = parse_json(archive.read('config.json').decode('utf-8'))
        classes = list(_classes(config))
    except UNREADABLE as error:
        raise BundleError(
            f'the network {path} cannot be loaded, expected a .keras file, received: {error}'
        ) from error
    for module, name in classes:
        if (module, name) not in ALLOWED:
            raise BundleError(
                f'the network {path} is refused because it could run code, expected plain '
                f'convolutional layers, received {name} of {module}'
            )
    return config


def check_weights(path: Path) -> None:
    """Refuse weights that are not plain arrays of a ``.keras`` file's own.

    HDF5 can take data from other files, and a few bytes can claim to be gigabytes.

    Raises
    ------
    BundleError

    """
    import h5py

    try:
        with zipfile.ZipFile(path) as archive, archive.open('model.weights.h5') as stream:
            content = io.BytesIO(stream.read())
        with h5py.File(content, 'r') as file:
            _check_arrays(file)
    except UNREADABLE as error:
        raise BundleError(
            f'the network {path} cannot be loaded, expected plain arrays as weights, received: '
            f'{error}'
        ) from error


def check_size(config: dict) -> None:
    """Refuse a description whose network would be too large, without making its weights.

    Raises
    ------
    ValueError

    """
    keras = load_keras()
    with keras.StatelessScope(initialize_variables=False):
        model = keras.saving.deserialize_keras_object(config, safe_mode=True)
        sizes = [math.prod(weight.shape) for weight in model.weights]
        outputs = [
            math.prod(size or 1 for size in node.shape)
            for layer in model.layers
            for node in keras.tree.flatten(layer.output)
        ]
    if sum(sizes) > MOST_NUMBERS or max(outputs) > MOST_NUMBERS:
        raise ValueError(
            f'{sum(sizes)} weights and up to {max(outputs)} numbers in a layer, where '
            f'{MOST_NUMBERS} are the most'
        )


def _check_members(archive: zipfile.ZipFile) -> None:
    members = {member.filename: member.file_size for member in archive.infolist()}
    if set(members) != MEMBERS or len(archive.infolist()) != len(MEMBERS):
        raise ValueError(f'other members than {", ".join(sorted(MEMBERS))}')
    if members['config.json'] > MAX_CONFIG or members['metadata.json'] > MAX_CONFIG:
        raise ValueError('a description of more than 4 MB')
    if members['model.weights.h5'] > 4 * MOST_NUMBERS:
        raise ValueError(f'weights of more than {4 * MOST_NUMBERS / 2**20:g} MB')


def _check_arrays(group, levels: int = 10) -> None:
    import h5py

    for name in group:
        if not isinstance(group.get(name, getlink=True), h5py.HardLink) or levels == 0:
            raise ValueError(f'the link {name}')
        item = group[name]
        if isinstance(item, h5py.Group):
            _check_arrays(item, levels - 1)
        elif item.external or item.is_virtual or item.dtype.kind not in 'iuf':
            raise ValueError(f'{name}, which is no array of numbers in this file')
        elif item.size > MOST_NUMBERS or item.nbytes > 64 * max(item.id.get_storage_size(), 2**16):
            raise ValueError(f'{name} of {item.size} numbers')


def _classes(config, levels: int = _DEEPEST) -> Iterator[tuple[str | None, str]]:
    """Yield every class that a keras description names, at any depth."""
    if levels == 0:
        raise ValueError('a description that is nested too deeply')
    if isinstance(config, dict):
        if 'class_name' in config and config['class_name'] != '__keras_tensor__':
            yield str(config.get('module')), str(config['class_name'])
        config = list(config.values())
    if isinstance(config, list):
        for value in config:
            yield from _classes(value, levels - 1)
