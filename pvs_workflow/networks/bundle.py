"""A cascade as a folder: two weights files and a card, verified before they are used.

``enhancer.keras``, ``counter.keras`` and ``card.json``. The card holds the SHA-256 of both
weights files, and the SHA-256 of the card therefore names the whole cascade.
"""

import functools
import hashlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pvs_workflow.errors import BundleError, OutputError
from pvs_workflow.files import read_text, write_text
from pvs_workflow.networks.card import WEIGHTS, Card
from pvs_workflow.networks.engine import load_keras
from pvs_workflow.networks.safety import check_layers, check_size, check_weights
from pvs_workflow.science.slices import IMAGE_SHAPE

if TYPE_CHECKING:
    from pvs_workflow.networks.cascade import Cascade

CARD = 'card.json'
MOST_CARD = 2**20
"""Bytes of a card; the one that ships has 14,000."""

MOST_WEIGHTS = 2**29
"""Bytes of a file of weights; the paper's U-Net has 124 MB, the largest that ships 8 MB."""

_OUTPUTS = {'enhancer.keras': (*IMAGE_SHAPE, 1), 'counter.keras': (1,)}


def model_sha256(path: Path) -> str:
    """Return the SHA-256 of a bundle's card, which covers its weights' checksums."""
    return _sha256(Path(path) / CARD)


def verify_bundle(path: Path) -> Card:
    """Check that a bundle is complete and unaltered, without starting TensorFlow.

    Parameters
    ----------
    path : Path
        The bundle's folder.

    Returns
    -------
    Card

    Raises
    ------
    BundleError
        If it is missing, no folder, incomplete, altered, not a bundle of this version, or if a
        network has other layers than plain convolutional networks need.

    """
    path = Path(path)
    if not path.is_dir():
        received = 'a file' if path.exists() else 'nothing there'
        raise BundleError(
            f'the cascade {path} cannot be used, expected a folder with {CARD}, '
            f'{" and ".join(WEIGHTS)}, received {received}'
        )
    missing = [name for name in (CARD, *WEIGHTS) if not (path / name).is_file()]
    if missing:
        raise BundleError(
            f'the cascade {path} is incomplete, expected {CARD}, {" and ".join(WEIGHTS)}, '
            f'received no {" and no ".join(missing)}'
        )
    card = read_card(path)
    try:
        _check_sizes(path)
        received = {name: _sha256(path / name) for name in WEIGHTS}
    except BundleError as error:
        raise BundleError(f'the cascade {path} cannot be used: {error}') from error
    except OSError as error:
        raise BundleError(f'the cascade {path} cannot be read: {error}') from error
    for name in WEIGHTS:
        if received[name] != card.checksums[name]:
            raise BundleError(
                f'the cascade {path} was altered, expected {name} with the SHA-256 '
                f'{card.checksums[name]}, received {received[name]}'
            )
        check_layers(path / name)
    return card


def read_card(path: Path) -> Card:
    """Read what a bundle says of itself, without a look at its weights.

    Raises
    ------
    BundleError
        If there is no card that can be read.

    """
    path = Path(path)
    try:
        return Card.from_json(read_text(path / CARD, MOST_CARD))
    except BundleError as error:
        raise BundleError(f'the cascade {path} cannot be used: {error}') from error
    except (OSError, ValueError) as error:
        raise BundleError(f'the cascade {path} cannot be read: {error}') from error


def load_bundle(path: Path) -> 'Cascade':
    """Verify a bundle and load its networks, in keras' safe mode.

    Raises
    ------
    BundleError
        As :func:`verify_bundle`; or if a network cannot be loaded, is too large, or does not
        take 80 × 96 images.

    """
    from pvs_workflow.networks.cascade import Cascade

    path = Path(path)
    card = verify_bundle(path)
    enhancer, counter = (_load(path / name) for name in WEIGHTS)
    return Cascade(enhancer, counter, card)


@functools.lru_cache(maxsize=1)
def keep_bundle(path: Path, sha256: str) -> 'Cascade':
    """Load a bundle once for all scans of a process; its networks are not to be trained.

    Parameters
    ----------
    path : Path
    sha256 : str
        From :func:`model_sha256`, so that another bundle in the same place is loaded anew.

    Raises
    ------
    BundleError
        As of :func:`load_bundle`.

    """
    return load_bundle(path)


def check_target(path: Path) -> None:
    """Refuse to write a bundle over something that is none.

    Raises
    ------
    OutputError

    """
    path = Path(path)
    if path.exists() and not (path / CARD).is_file() and not _is_empty(path):
        raise OutputError(
            f'{path} cannot be written, expected a new folder or an older bundle, received '
            'something else that stays untouched'
        )


def save_bundle(path: Path, enhancer, counter, card: Card) -> Card:
    """Write a bundle in one step; an earlier bundle there is replaced whole.

    Parameters
    ----------
    path : Path
        The bundle's folder.
    enhancer, counter : keras.Model
        Saved without what training left in them (loss, optimiser).
    card : Card
        Its checksums are filled in.

    Returns
    -------
    Card
        As written.

    Raises
    ------
    OutputError
        If the folder cannot be written, or is there and is not a bundle.

    """
    path = Path(path)
    check_target(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix='.writing-', dir=path.parent) as scratch:
            new, old = Path(scratch, 'new'), Path(scratch, 'old')
            new.mkdir()
            for name, model in zip(WEIGHTS, (enhancer, counter), strict=True):
                _without_training(model).save(new / name)
            card = card.with_checksums({name: _sha256(new / name) for name in WEIGHTS})
            write_text(new / CARD, card.to_json())
            if path.exists():
                path.replace(old)
            new.replace(path)
    except OSError as error:
        raise OutputError(
            f'{path} cannot be written, expected a folder with room that this user may write '
            f'to, received: {error.strerror or error}'
        ) from error
    return card


def _check_sizes(path: Path) -> None:
    for name in WEIGHTS:
        if (size := (path / name).stat().st_size) > MOST_WEIGHTS:
            raise BundleError(
                f'its {name} is too large, expected at most {MOST_WEIGHTS / 2**20:g} MB, '
                f'received {size / 2**20:.0f} MB'
            )


def _load(path: Path):
    config = check_layers(path)
    check_weights(path)
    try:
        check_size(config)
        model = load_keras().models.load_model(path, compile=False, safe_mode=True)
        shapes = (tuple(model.input_shape[1:]), tuple(model.output_shape[1:]))
    except Exception as error:  # keras raises nearly anything on a file it cannot read
        reason = str(error).strip().split('\n')[0]
        raise BundleError(
            f'the network {path} cannot be loaded, expected a keras model, received: {reason}'
        ) from error
    expected = ((*IMAGE_SHAPE, 1), _OUTPUTS[path.name])
    if shapes != expected:
        raise BundleError(
            f'the network {path} has the wrong shape, expected {expected[0]} → {expected[1]}, '
            f'received {shapes[0]} → {shapes[1]}'
        )
    if not all(np.isfinite(weight).all() for weight in model.get_weights()):
        raise BundleError(
            f'the network {path} cannot be used, expected finite weights, received NaN or infinity'
        )
    return model


def _without_training(model):
    # clone_model would keep the loss and the optimiser.
    clean = type(model).from_config(model.get_config())
    clean.set_weights(model.get_weights())
    return clean


def _is_empty(path: Path) -> bool:
    return path.is_dir() and not any(path.iterdir())


def _sha256(path: Path) -> str:
    with path.open('rb') as stream:
        return hashlib.file_digest(stream, 'sha256').hexdigest()
