"""Tests of the conversion of bundles of format version 3, with keras files."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pvs_workflow import data
from pvs_workflow.errors import BundleError
from pvs_workflow.networks.bundle import load_bundle, model_sha256
from pvs_workflow.networks.counter import build_counter
from pvs_workflow.networks.engine import configure_tensorflow
from pvs_workflow.networks.enhancer import build_enhancer

SCRIPT = Path(__file__).parents[2] / 'scripts' / 'convert_bundle.py'
ENHANCER = {'width': 2, 'depth': 2, 'adds_to_image': False, 'batch_norm_momentum': 0.9}
COUNTER = {'filters': [2, 4], 'strides': [4, 2], 'batch_norm_momentum': 0.9}

# Keras 3.15 saves its variables through numpy's old protocol.
pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)


@pytest.fixture(scope='module')
def networks():
    configure_tensorflow(threads=1, seed=6)
    rng = np.random.default_rng(7)
    models = build_enhancer(**ENHANCER), build_counter(**COUNTER)
    for model in models:
        model.set_weights([rng.random(weight.shape) for weight in model.get_weights()])
    return models


@pytest.fixture
def old(networks, tmp_path):
    """A bundle as version 0.1.0 wrote it."""
    path = tmp_path / 'old'
    path.mkdir()
    for model in networks:
        model.save(path / f'{model.name}.keras')
    values = json.loads(data.path('cascade', 'card.json').read_text('utf-8'))
    values['format_version'] = 3
    values['architecture'] |= {
        'enhancer': {'kind': 'U-Net', 'output': 'linear', **ENHANCER},
        'counter': {'kind': 'CNN', 'output': 'mean of a map of counts', **COUNTER},
    }
    values['checksums'] = {f'{model.name}.keras': 'a' * 64 for model in networks}
    (path / 'card.json').write_text(json.dumps(values))
    return path


def convert(old, new):
    command = [sys.executable, str(SCRIPT), str(old), str(new)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_converted_bundle_has_the_same_card_and_weights(old, networks, tmp_path):
    with pytest.raises(BundleError, match=r'convert the bundle with scripts/convert_bundle\.py'):
        load_bundle(old)
    process = convert(old, tmp_path / 'new')
    assert process.returncode == 0, process.stderr
    converted = load_bundle(tmp_path / 'new')
    for ours, theirs in zip((converted.enhancer, converted.counter), networks, strict=True):
        for ours_array, array in zip(ours.get_weights(), theirs.get_weights(), strict=True):
            assert ours_array.tobytes() == array.tobytes()
    card, before = converted.card, json.loads((old / 'card.json').read_text())
    assert card.architecture.counter.strides == (4, 2)
    assert not card.architecture.enhancer.adds_to_image
    assert card.label == f'{before["name"]} {before["version"]}'
    assert list(card.calibration.centres) == before['calibration']['centres']
    origin = {'format_version': 3, 'model_sha256': model_sha256(old)}
    assert card.training == before['training'] | {'converted_from': origin}


def test_other_versions_are_refused(old, tmp_path):
    values = json.loads((old / 'card.json').read_text()) | {'format_version': 2}
    (old / 'card.json').write_text(json.dumps(values))
    process = convert(old, tmp_path / 'new')
    assert process.returncode == 1
    assert process.stderr.strip() == f'{old} does not have format version 3'
    assert not (tmp_path / 'new').exists()
