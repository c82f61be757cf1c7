"""Write trained networks as a bundle: see :mod:`pvs_workflow.networks.bundle`."""

import hashlib
import json
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from safetensors.numpy import save

from pvs_workflow.errors import OutputError
from pvs_workflow.files import write_text
from pvs_workflow.networks.bundle import CARD, build_networks, named_weights
from pvs_workflow.networks.card import WEIGHTS, Card


def check_target(path: Path) -> None:
    """Raise `OutputError` if a bundle would overwrite something that is not a bundle."""
    path = Path(path)
    is_empty = path.is_dir() and not any(path.iterdir())
    if path.exists() and not (path / CARD).is_file() and not is_empty:
        raise OutputError(
            f'cannot write to {path}: it exists and is not a bundle; choose a new folder'
        )


def save_bundle(path: Path, enhancer, counter, card: Card) -> Card:
    """Write a bundle atomically, replacing an existing bundle.

    Returns the card as written, with the checksums of both networks' weights.

    Raises
    ------
    OutputError
        If the folder cannot be written, or exists and is not a bundle.
    ValueError
        If the networks do not have the card's architecture.

    """
    path, networks = Path(path), (enhancer, counter)
    check_target(path)
    for network, described in zip(networks, build_networks(card.architecture), strict=True):
        if _structure(network) != _structure(described):
            raise ValueError(f'the {network.name} does not have the architecture on the card')
    contents = dict(zip(WEIGHTS, map(dump_weights, networks), strict=True))
    checksums = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    card = replace(card, checksums=checksums)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix='.writing-', dir=path.parent) as scratch:
            new, old = Path(scratch, 'new'), Path(scratch, 'old')
            new.mkdir()
            for name, content in contents.items():
                (new / name).write_bytes(content)
            write_text(new / CARD, card.to_json())
            if path.exists():
                path.replace(old)
            new.replace(path)
    except OSError as error:
        raise OutputError(
            f'cannot write to {path}: {error.strerror or error}; choose another folder'
        ) from error
    return card


def _structure(network) -> str:
    """Return a network's configuration as JSON, with all layers marked as trainable."""
    return json.dumps(network.get_config()).replace('"trainable": false', '"trainable": true')


def dump_weights(model) -> bytes:
    """Return a safetensors file of the arrays ``layer/weight``, without the optimiser's state."""
    return save({name: np.asarray(weight) for name, weight in named_weights(model).items()})
