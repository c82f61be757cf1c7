"""Convert a cascade bundle of format version 3, with keras files, to the present format.

Usage: python scripts/convert_bundle.py OLD NEW

The networks are built from the architecture on the old card. Only their arrays are read from the
keras files. Name, version and calibration stay. The checksum of the cascade changes with its
files; the new card records the old checksum.
"""

import argparse
import json
import tempfile
import zipfile
from pathlib import Path

from pvs_workflow.lab.training.saving import save_bundle
from pvs_workflow.networks.bundle import build_networks, model_sha256
from pvs_workflow.networks.card import FORMAT_VERSION, KERAS_VERSION, WEIGHTS, Card


def read_old_card(path: Path) -> Card:
    """Return the card of an old bundle in the present format."""
    values = json.loads((path / 'card.json').read_text('utf-8'))
    if values['format_version'] != KERAS_VERSION:
        raise SystemExit(f'{path} does not have format version {KERAS_VERSION}')
    for network in ('enhancer', 'counter'):
        # Removed fields: they were the same in all networks of this version.
        del values['architecture'][network]['kind'], values['architecture'][network]['output']
    values['training']['converted_from'] = {
        'format_version': KERAS_VERSION,
        'model_sha256': model_sha256(path),
    }
    values |= {'format_version': FORMAT_VERSION, 'checksums': dict.fromkeys(WEIGHTS, '')}
    return Card.from_json(json.dumps(values))


def load_arrays(network, path: Path) -> None:
    """Fill a network with the arrays of a keras file."""
    with zipfile.ZipFile(path) as archive, tempfile.TemporaryDirectory() as folder:
        network.load_weights(archive.extract('model.weights.h5', folder))


def main() -> None:
    """Convert one bundle."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('old', type=Path)
    parser.add_argument('new', type=Path)
    args = parser.parse_args()
    card = read_old_card(args.old)
    enhancer, counter = build_networks(card.architecture)
    load_arrays(enhancer, args.old / 'enhancer.keras')
    load_arrays(counter, args.old / 'counter.keras')
    save_bundle(args.new, enhancer, counter, card)


if __name__ == '__main__':
    main()
