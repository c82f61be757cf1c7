"""Cascade bundles: folders with a card and two weights files, verified before use.

A bundle has ``card.json``, ``enhancer.safetensors`` and ``counter.safetensors``. The card holds
the SHA-256 of both weights files, so the SHA-256 of the card identifies the whole cascade.
Networks are built from the architecture on the card and filled with the arrays; no code in a
bundle is executed.
"""

import functools
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pvs_workflow.errors import BundleError
from pvs_workflow.files import read_text
from pvs_workflow.networks.card import WEIGHTS, Architecture, Card
from pvs_workflow.networks.counter import build_counter
from pvs_workflow.networks.enhancer import build_enhancer

if TYPE_CHECKING:
    from pvs_workflow.networks.cascade import Cascade

CARD = 'card.json'
MAX_CARD = 2**20
"""Maximum size of a card, bytes; the shipped one has 14,000."""

MAX_WEIGHTS = 2**29
"""Maximum size of a weights file, bytes; the paper's U-Net has 124 MB, the shipped one 8 MB."""


def model_sha256(path: Path) -> str:
    """Return the SHA-256 of a bundle's card, which includes the checksums of its weights."""
    return _sha256(Path(path, CARD).read_bytes())


def read_card(path: Path) -> Card:
    """Read the card of a bundle without checking its weights.

    Raises
    ------
    BundleError
        If the bundle has no card, or the card is not valid.

    """
    with _bundle_errors(path):
        if not Path(path, CARD).is_file():
            raise ValueError(f'it is not a folder with {CARD}, {" and ".join(WEIGHTS)}')
        return Card.from_json(read_text(Path(path, CARD), MAX_CARD))


def verify_bundle(path: Path) -> Card:
    """Check that a bundle is complete and unaltered, without starting TensorFlow.

    Raises
    ------
    BundleError
        If it is missing, not a folder, incomplete, altered or of another format version.

    """
    return _read(path)[0]


def load_bundle(path: Path) -> 'Cascade':
    """Verify a bundle, build its networks and fill them with its weights.

    Raises
    ------
    BundleError
        As :func:`verify_bundle`, or if weights do not fit the architecture or are not finite.

    """
    from pvs_workflow.networks.cascade import Cascade

    card, contents = _read(path)
    networks = build_networks(card.architecture)
    for network, (name, content) in zip(networks, contents.items(), strict=True):
        with _bundle_errors(path, f'{name}: '):
            load_weights(network, content)
    return Cascade(*networks, card)


def build_networks(architecture: Architecture) -> tuple:
    """Return the untrained enhancer and counter of an architecture, as keras models."""
    return (
        build_enhancer(**asdict(architecture.enhancer)),
        build_counter(**asdict(architecture.counter)),
    )


@functools.lru_cache(maxsize=1)
def cached_bundle(path: Path, sha256: str) -> 'Cascade':
    """Load a bundle once per process; do not train its networks.

    Parameters
    ----------
    path : Path
    sha256 : str
        Result of :func:`model_sha256`, so that a bundle that was replaced is loaded again.

    Raises
    ------
    BundleError
        As :func:`load_bundle`.

    """
    return load_bundle(path)


def _read(path: Path) -> tuple[Card, dict[str, bytes]]:
    """Return the card and the verified contents of the weights files."""
    card, contents = read_card(path), {}
    with _bundle_errors(path):
        for name in WEIGHTS:
            file = Path(path, name)
            if not file.is_file():
                raise ValueError(f'{name} is missing; copy the bundle again')
            if (size := file.stat().st_size) > MAX_WEIGHTS:
                raise ValueError(
                    f'{name} has {size / 2**20:.0f} MB, more than the {MAX_WEIGHTS / 2**20:g} MB '
                    'allowed'
                )
            contents[name] = file.read_bytes()
            if _sha256(contents[name]) != card.checksums[name]:
                raise ValueError(
                    f'{name} was altered (its SHA-256 differs from the card); copy the bundle '
                    'again'
                )
    return card, contents


@contextmanager
def _bundle_errors(path: Path, prefix: str = '') -> Iterator[None]:
    """Convert errors in the block to a `BundleError` that names the bundle."""
    try:
        yield
    except (BundleError, OSError, ValueError) as error:
        raise BundleError(f'the cascade {path} cannot be used: {prefix}{error}') from error


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def load_weights(model, content: bytes) -> None:
    """Fill a network, in place, with the weights of a safetensors file.

    Parameters
    ----------
    model : keras.Model
    content : bytes
        Content of the file.

    Raises
    ------
    ValueError
        If the content is not a safetensors file, if its arrays differ from the network's weights
        in name, shape or type, or if values are not finite.

    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    weights = named_weights(model)
    try:
        arrays = load(content)
    except (SafetensorError, KeyError, ValueError) as error:
        raise ValueError(f'it is not a safetensors file ({error})') from error
    if different := sorted(set(arrays) ^ set(weights)):
        raise ValueError(f'its arrays are not those of the network (see {different[0]})')
    for name, weight in weights.items():
        array, shape = arrays[name], tuple(weight.shape)
        if (array.dtype, array.shape) != (np.float32, shape):
            raise ValueError(
                f'its {name} must be float32 of shape {shape}, received {array.dtype} of '
                f'{array.shape}'
            )
        if not np.isfinite(array).all():
            raise ValueError(f'its {name} has NaN or infinite values')
        weight.assign(array)


def named_weights(model) -> dict:
    """Return the weights of a network by name in a bundle, ``layer/weight``."""
    return {
        f'{layer.name}/{weight.name}': weight for layer in model.layers for weight in layer.weights
    }
