import json
import shutil
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from pvs_workflow.errors import BundleError, OutputError
from pvs_workflow.networks import bundle as bundles
from pvs_workflow.networks.bundle import (
    load_bundle,
    model_sha256,
    save_bundle,
    verify_bundle,
)
from pvs_workflow.networks.engine import load_keras

# Keras 3.15 saves its variables through numpy's old protocol.
pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)


@pytest.fixture
def copy(bundle, tmp_path):
    return shutil.copytree(bundle, tmp_path / 'copy')


def refresh(path):
    """Write the checksums of altered weights into the card, as a forger would."""
    values = json.loads((path / 'card.json').read_text())
    values['checksums'] = {name: bundles._sha256(path / name) for name in values['checksums']}
    (path / 'card.json').write_text(json.dumps(values))


def test_importing_and_verifying_start_no_tensorflow(bundle):
    code = (
        'import sys; from pathlib import Path\n'
        'import pvs_workflow.networks, pvs_workflow.networks.card\n'
        'import pvs_workflow.uncertainty.calibration\n'
        'from pvs_workflow.networks.bundle import verify_bundle, model_sha256\n'
        'card = verify_bundle(Path(sys.argv[1])); model_sha256(Path(sys.argv[1]))\n'
        'print(card.label, {"tensorflow", "keras"} & set(sys.modules))\n'
    )
    done = subprocess.run(
        [sys.executable, '-c', code, str(bundle)], capture_output=True, text=True, check=True
    )
    assert done.stdout == 'test cascade 1.2 set()\n'


def test_saved_and_loaded_in_a_new_process_predicts_the_same_bits(
    bundle, cascade, images, tmp_path
):
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
    here, there = cascade.predict(images), np.load(tmp_path / 'out.npz')
    assert here.enhanced.tobytes() == there['e'].tobytes()
    assert here.counts.tobytes() == there['c'].tobytes()


def test_loading_gives_the_card(bundle, card):
    loaded = load_bundle(bundle)
    assert loaded.card == verify_bundle(bundle)
    assert loaded.card.training == card.training
    assert loaded.card.count_scale == 48


def test_a_kept_bundle_is_loaded_once_until_it_changes(monkeypatch, tmp_path):
    loaded = []
    monkeypatch.setattr(bundles, 'load_bundle', lambda path: loaded.append(path) or len(loaded))
    bundles.keep_bundle.cache_clear()
    assert [bundles.keep_bundle(tmp_path, 'a') for _ in range(3)] == [1, 1, 1]
    assert bundles.keep_bundle(tmp_path, 'b') == 2
    bundles.keep_bundle.cache_clear()


def test_model_sha256_names_card_and_weights(bundle, copy, cascade):
    assert model_sha256(copy) == model_sha256(bundle)
    weights = [w + 1e-3 for w in cascade.counter.get_weights()]
    other = load_keras().models.clone_model(cascade.counter)
    other.set_weights(weights)
    save_bundle(copy, cascade.enhancer, other, cascade.card)
    assert model_sha256(copy) != model_sha256(bundle)


@pytest.mark.parametrize('name', ['enhancer.keras', 'counter.keras'])
@pytest.mark.parametrize('place', [0, 0.5, 1])
def test_one_altered_byte_is_refused(copy, name, place):
    data = bytearray((copy / name).read_bytes())
    data[round(place * (len(data) - 1))] ^= 1
    (copy / name).write_bytes(data)
    with pytest.raises(BundleError, match=f'was altered, expected {name} with the SHA-256'):
        verify_bundle(copy)
    with pytest.raises(BundleError, match='was altered'):
        load_bundle(copy)


def test_an_altered_card_changes_the_models_name(copy, bundle):
    text = (copy / 'card.json').read_text()
    (copy / 'card.json').write_text(text.replace('"mae": 1.5', '"mae": 0.1'))
    assert model_sha256(copy) != model_sha256(bundle)


@pytest.mark.parametrize('name', ['enhancer.keras', 'counter.keras', 'card.json'])
def test_missing_file_is_named(copy, name):
    (copy / name).unlink()
    with pytest.raises(BundleError, match=f'is incomplete, .* received no {name}'):
        verify_bundle(copy)


def test_no_folder(tmp_path):
    with pytest.raises(BundleError, match=r'expected a folder .* received nothing there'):
        verify_bundle(tmp_path / 'none')
    (tmp_path / 'file').touch()
    with pytest.raises(BundleError, match=r'expected a folder .* received a file'):
        verify_bundle(tmp_path / 'file')


def test_card_that_is_no_text(copy):
    (copy / 'card.json').write_bytes(b'\xff\xfe\x00')
    with pytest.raises(BundleError, match='cannot be read'):
        verify_bundle(copy)


def test_card_of_another_kind(copy):
    (copy / 'card.json').write_text('{"model": "synthstrip"}')
    with pytest.raises(BundleError, match=r'cannot be used: it is not a cascade\'s card'):
        verify_bundle(copy)


def test_swapped_networks_are_refused(copy):
    (copy / 'enhancer.keras').rename(copy / 'x')
    (copy / 'counter.keras').rename(copy / 'enhancer.keras')
    (copy / 'x').rename(copy / 'counter.keras')
    refresh(copy)
    with pytest.raises(BundleError, match='has the wrong shape'):
        load_bundle(copy)


def test_other_image_size_is_refused(copy):
    keras = load_keras()
    inputs = keras.Input((64, 64, 1))
    keras.Model(inputs, keras.layers.Conv2D(1, 1)(inputs)).save(copy / 'enhancer.keras')
    refresh(copy)
    with pytest.raises(BundleError, match=r'wrong shape, expected \(80, 96, 1\) → \(80, 96, 1\)'):
        load_bundle(copy)


def test_pickled_lambda_is_refused(copy):
    keras = load_keras()
    inputs = keras.Input((80, 96, 1))
    outputs = keras.layers.Lambda(lambda x: x * 2, output_shape=(80, 96, 1))(inputs)
    keras.Model(inputs, outputs).save(copy / 'enhancer.keras')
    refresh(copy)
    with pytest.raises(BundleError, match=r'could run code, .* received Lambda'):
        load_bundle(copy)


def test_foreign_class_is_refused_before_it_is_imported(copy):
    change_config(copy / 'counter.keras', '"keras.layers"', '"os"')
    refresh(copy)
    with pytest.raises(BundleError, match=r'could run code, .* of os'):
        load_bundle(copy)


def change_config(path, old, new):
    with zipfile.ZipFile(path) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    contents['config.json'] = contents['config.json'].replace(old.encode(), new.encode(), 1)
    with zipfile.ZipFile(path, 'w') as archive:
        for name, data in contents.items():
            archive.writestr(name, data)


def test_weights_that_are_no_keras_file(copy):
    (copy / 'counter.keras').write_bytes(b'not a zip')
    refresh(copy)
    with pytest.raises(BundleError, match=r'expected a \.keras file'):
        load_bundle(copy)


def test_keras_file_without_weights(copy):
    path = copy / 'counter.keras'
    with zipfile.ZipFile(path) as archive:
        config = archive.read('config.json')
    with zipfile.ZipFile(path, 'w') as archive:
        archive.writestr('config.json', config)
        archive.writestr('metadata.json', '{}')
    refresh(copy)
    with pytest.raises(BundleError, match=r'cannot be loaded, expected a \.keras file'):
        load_bundle(copy)


def test_saving_replaces_an_older_bundle_and_nothing_else(copy, cascade, tmp_path):
    (copy / 'stale').touch()
    save_bundle(copy, cascade.enhancer, cascade.counter, cascade.card)
    assert sorted(p.name for p in copy.iterdir()) == [
        'card.json',
        'counter.keras',
        'enhancer.keras',
    ]
    verify_bundle(copy)
    assert [p.name for p in tmp_path.iterdir()] == ['copy']
    precious = tmp_path / 'precious'
    precious.mkdir()
    (precious / 'thesis.tex').touch()
    with pytest.raises(OutputError, match='received something else that stays untouched'):
        save_bundle(precious, cascade.enhancer, cascade.counter, cascade.card)
    assert (precious / 'thesis.tex').exists()


def test_saving_below_a_file(tmp_path, cascade):
    (tmp_path / 'file').touch()
    with pytest.raises(OutputError, match='cannot be written'):
        save_bundle(tmp_path / 'file' / 'b', cascade.enhancer, cascade.counter, cascade.card)


def test_what_training_leaves_is_not_saved(cascade, tmp_path):
    keras = load_keras()
    trained = keras.models.clone_model(cascade.counter)
    trained.compile('adam', 'mae')
    trained.train_on_batch(np.zeros((2, 80, 96, 1)), np.zeros((2, 1)))
    save_bundle(tmp_path / 'b', cascade.enhancer, trained, cascade.card)
    with zipfile.ZipFile(tmp_path / 'b' / 'counter.keras') as archive:
        assert b'adam' not in archive.read('config.json').lower()
        assert b'optimizer' not in archive.read('model.weights.h5')
