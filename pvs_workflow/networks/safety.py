"""A look into a keras file before keras opens it: only plain layers, no code."""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

from pvs_workflow.errors import BundleError

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


def check_layers(path: Path) -> None:
    """Refuse a ``.keras`` file with anything but plain layers in it.

    Safe mode of keras refuses pickled lambdas; this also refuses named functions, custom
    classes and whatever else could run code, before keras sees the file.

    Raises
    ------
    BundleError

    """
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.getinfo('config.json').file_size > MAX_CONFIG:
                raise ValueError('a description of more than 4 MB')
            config = json.loads(archive.read('config.json'))
    except (zipfile.BadZipFile, KeyError, ValueError, OSError, RecursionError) as error:
        raise BundleError(
            f'the network {path} cannot be loaded, expected a .keras file, received: {error}'
        ) from error
    for module, name in _classes(config):
        if (module, name) not in ALLOWED:
            raise BundleError(
                f'the network {path} is refused because it could run code, expected plain '
                f'convolutional layers, received {name} of {module}'
            )


def _classes(config) -> Iterator[tuple[str | None, str]]:
    """Yield every class that a keras description names, at any depth."""
    if isinstance(config, dict):
        if 'class_name' in config and config['class_name'] != '__keras_tensor__':
            yield config.get('module'), str(config['class_name'])
        config = list(config.values())
    if isinstance(config, list):
        for value in config:
            yield from _classes(value)
