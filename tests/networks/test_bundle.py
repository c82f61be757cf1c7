import hashlib
import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
from safetensors.numpy import load, load_file, save, save_file

from pvs_workflow import data
from pvs_workflow.errors import BundleError
from pvs_workflow.lab.training.saving import dump_weights, save_bundle
from pvs_workflow.networks import bundle as bundles
from pvs_workflow.networks.bundle import (
    load_bundle,
    load_weights,
    model_sha256,
    verify_bundle,
)
from pvs_workflow.networks.card import WEIGHTS
from pvs_workflow.networks.counter import build_counter
from pvs_workflow.networks.engine import configure_tensorflow, load_keras

SHIPPED_ARRAYS = {
    'enhancer': 'b15e6aa3a786a36e7a2a044409b29181d6a495d4603cf236cbd69b92bce1204e',
    'counter': '22a41d639996fa1b1285397e2b27e3cfd4d5959070c0d4900950e4520dc3c325',
}


@pytest.fixture
def copy(bundle, tmp_path):
    return shutil.copytree(bundle, tmp_path / 'copy')


def refresh(path):
    """Write the checksums of altered weights to the card."""
    values = json.loads((path / 'card.json').read_text())
    for name in values['checksums']:
        values['checksums'][name] = hashlib.sha256((path / name).read_bytes()).hexdigest()
    (path / 'card.json').write_text(json.dumps(values))


def test_the_shipped_networks_have_their_recorded_weights():
    """The weights equal those of the keras files of version 0.1.0."""
    configure_tensorflow(threads=1, seed=0)
    cascade = load_bundle(data.path('cascade'))
    for name, digest in SHIPPED_ARRAYS.items():
        arrays = getattr(cascade, name).get_weights()
        assert hashlib.sha256(b''.join(array.tobytes() for array in arrays)).hexdigest() == digest


def test_importing_and_verifying_do_not_load_tensorflow(bundle):
    code = (
        'import sys; from pathlib import Path\n'
        'import pvs_workflow.networks, pvs_workflow.networks.card\n'
        'import pvs_workflow.uncertainty.calibration\n'
        'from pvs_workflow.networks.bundle import verify_bundle, model_sha256\n'
        'card = verify_bundle(Path(sys.argv[1])); model_sha256(Path(sys.argv[1]))\n'
        'print(card.label, {"tensorflow", "keras"} & set(sys.modules))\n'
    )
    process = subprocess.run(
        [sys.executable, '-c', code, str(bundle)], capture_output=True, text=True, check=True
    )
    assert process.stdout == 'test cascade 1.2 set()\n'


def test_a_saved_bundle_predicts_the_same_bits_in_a_new_process(bundle, cascade, images, tmp_path):
    np.save(tmp_path / 'images.npy', images)
    code = (
        'import sys, numpy as np\n'
        'from pvs_workflow.networks.engine import configure_tensorflow\n'
        'from pvs_workflow.networks.bundle import load_bundle\n'
        'configure_tensorflow(threads=1, seed=99)\n'
        'prediction = load_bundle(sys.argv[1]).predict(np.load(sys.argv[2] + "/images.npy"))\n'
        'np.savez(sys.argv[2] + "/out.npz", e=prediction.enhanced, c=prediction.counts)\n'
    )
    command = [sys.executable, '-c', code, str(bundle), str(tmp_path)]
    subprocess.run(command, capture_output=True, check=True)
    prediction, reloaded = cascade.predict(images), np.load(tmp_path / 'out.npz')
    assert prediction.enhanced.tobytes() == reloaded['e'].tobytes()
    assert prediction.counts.tobytes() == reloaded['c'].tobytes()


def test_a_loaded_bundle_has_its_card(bundle, card):
    loaded = load_bundle(bundle)
    assert loaded.card == verify_bundle(bundle)
    assert loaded.card.training == card.training
    assert loaded.card.count_scale == 48


def test_a_cached_bundle_is_loaded_once_until_it_changes(monkeypatch, tmp_path):
    loaded = []
    monkeypatch.setattr(bundles, 'load_bundle', lambda path: loaded.append(path) or len(loaded))
    bundles.cached_bundle.cache_clear()
    assert [bundles.cached_bundle(tmp_path, 'a') for _ in range(3)] == [1, 1, 1]
    assert bundles.cached_bundle(tmp_path, 'b') == 2
    bundles.cached_bundle.cache_clear()


def test_model_sha256_depends_on_card_and_weights(bundle, copy, cascade):
    assert model_sha256(copy) == model_sha256(bundle)
    other = load_keras().models.clone_model(cascade.counter)
    other.set_weights([w + 1e-3 for w in cascade.counter.get_weights()])
    save_bundle(copy, cascade.enhancer, other, cascade.card)
    assert model_sha256(copy) != model_sha256(bundle)


@pytest.mark.parametrize('name', WEIGHTS)
@pytest.mark.parametrize('position', [0, 0.5, 1])
def test_one_altered_byte_is_refused(copy, name, position):
    content = bytearray((copy / name).read_bytes())
    content[round(position * (len(content) - 1))] ^= 1
    (copy / name).write_bytes(content)
    for read in (verify_bundle, load_bundle):
        with pytest.raises(BundleError, match=f'copy cannot be used: {name} was altered'):
            read(copy)


def test_an_altered_card_changes_the_sha256_of_the_model(copy, bundle):
    text = (copy / 'card.json').read_text()
    (copy / 'card.json').write_text(text.replace('"mae": 1.5', '"mae": 0.1'))
    assert model_sha256(copy) != model_sha256(bundle)


@pytest.mark.parametrize('name', WEIGHTS)
def test_a_missing_file_is_named(copy, name):
    (copy / name).unlink()
    with pytest.raises(BundleError, match=f'copy cannot be used: {name} is missing'):
        verify_bundle(copy)


def test_other_paths_are_refused(tmp_path):
    (tmp_path / 'file').touch()
    (tmp_path / 'empty').mkdir()
    for name in ('none', 'file', 'empty'):
        with pytest.raises(BundleError, match=r'it is not a folder with card\.json'):
            verify_bundle(tmp_path / name)


@pytest.mark.parametrize('content', [b'\xff\xfe\x00', b'{"model": "synthstrip"}', b''])
def test_an_invalid_card_is_refused(copy, content):
    (copy / 'card.json').write_bytes(content)
    with pytest.raises(BundleError, match='copy cannot be used: '):
        verify_bundle(copy)


def test_a_bundle_of_keras_files_must_be_converted(copy):
    values = json.loads((copy / 'card.json').read_text()) | {'format_version': 3}
    (copy / 'card.json').write_text(json.dumps(values))
    with pytest.raises(BundleError, match=r'convert the bundle with scripts/convert_bundle\.py'):
        verify_bundle(copy)


def test_swapped_networks_are_refused(copy):
    (copy / WEIGHTS[0]).rename(copy / 'x')
    (copy / WEIGHTS[1]).rename(copy / WEIGHTS[0])
    (copy / 'x').rename(copy / WEIGHTS[1])
    with pytest.raises(BundleError, match='was altered'):
        load_bundle(copy)
    refresh(copy)
    with pytest.raises(BundleError, match=r'enhancer\.safetensors: its arrays are not those'):
        load_bundle(copy)


def test_nan_weights_are_refused(copy):
    arrays = load_file(copy / WEIGHTS[1])
    save_file(arrays | {'map/bias': arrays['map/bias'] * np.nan}, copy / WEIGHTS[1])
    refresh(copy)
    with pytest.raises(BundleError, match=r'counter\.safetensors: its map/bias has NaN'):
        load_bundle(copy)


@pytest.fixture(scope='module')
def content():
    configure_tensorflow(threads=1, seed=2)
    return dump_weights(build_counter((2, 3), (4, 4)))


@pytest.fixture
def model():
    configure_tensorflow(threads=1, seed=3)
    return build_counter((2, 3), (4, 4))


def test_arrays_are_named_after_layers(content):
    arrays = load(content)
    assert arrays['conv2/kernel'].shape == (3, 3, 2, 3)
    assert {array.dtype for array in arrays.values()} == {np.dtype('float32')}
    names = ['norm1/beta', 'norm1/gamma', 'norm1/moving_mean', 'norm1/moving_variance']
    assert sorted(name for name in arrays if name.startswith('norm1')) == names


def test_a_filled_network_has_the_same_weights(content, model):
    assert dump_weights(model) != content
    load_weights(model, content)
    assert dump_weights(model) == content


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'conv1/kernel': np.zeros((3, 3, 1, 9), np.float32)}, r'float32 of shape \(3, 3, 1, 2\)'),
        ({'conv1/bias': np.zeros(2)}, r'conv1/bias must be float32 .* received float64 of \(2,\)'),
        (
            {'conv1/bias': np.array([1, np.nan], np.float32)},
            'conv1/bias has NaN or infinite',
        ),
        (
            {'conv1/bias': np.array([1, -np.inf], np.float32)},
            'conv1/bias has NaN or infinite',
        ),
        ({'conv9/bias': np.zeros(2, np.float32)}, 'arrays are not those of the network'),
    ],
)
def test_arrays_that_do_not_fit_are_refused(content, model, change, message):
    with pytest.raises(ValueError, match=message):
        load_weights(model, save(load(content) | change))


def test_a_missing_array_is_named(content, model):
    arrays = load(content)
    del arrays['norm2/gamma']
    with pytest.raises(ValueError, match=r'arrays are not those of the network \(see norm2/gamma'):
        load_weights(model, save(arrays))


@pytest.mark.parametrize('spoil', [lambda c: b'', lambda c: b'PK' + c, lambda c: c[:-1]])
def test_other_files_are_refused(content, model, spoil):
    with pytest.raises(ValueError, match='not a safetensors file'):
        load_weights(model, spoil(content))
