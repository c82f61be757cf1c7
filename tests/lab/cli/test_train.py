import json
import os
import shutil
import signal
import subprocess
import sys

import pytest

from pvs_workflow.lab.cli.main import main
from pvs_workflow.networks.bundle import load_bundle


def one_sentence(capsys):
    err = capsys.readouterr().err
    assert err.startswith('pvs_cascade: error: ')
    assert err.count('\n') == 1
    return err


def train(out, bids_dir, *options):
    return main(['train', str(out), '--bids-dir', str(bids_dir), *map(str, options)])


def test_a_missing_dataset_is_refused(tmp_path, capsys):
    assert train(tmp_path / 'out', tmp_path / 'none') == 16
    assert 'none does not exist; give the folder of the dataset' in one_sentence(capsys)


def test_a_missing_truth_is_refused(tmp_path, capsys):
    assert train(tmp_path / 'out', tmp_path) == 16
    assert 'give the folder of the truth' in one_sentence(capsys)


def test_a_dataset_without_scans_is_refused(tmp_path, capsys):
    (tmp_path / 'derivatives' / 'truth').mkdir(parents=True)
    assert train(tmp_path / 'out', tmp_path) == 66
    assert 'no T2w images (sub-*_T2w.nii.gz) in' in one_sentence(capsys)
    assert not (tmp_path / 'out').exists()


def test_an_output_folder_with_other_files_is_refused(tmp_path, capsys):
    (tmp_path / 'derivatives' / 'truth').mkdir(parents=True)
    assert train(tmp_path, tmp_path) == 1
    assert 'is not a bundle; choose a new folder' in one_sentence(capsys)


@pytest.mark.parametrize('name', ['derivatives', 'masks', 'ratings'])
def test_labels_without_a_dataset_are_refused(tmp_path, capsys, name):
    assert main(['train', str(tmp_path / 'out'), f'--{name}', str(tmp_path)]) == 1
    assert f'--{name} needs --bids-dir' in one_sentence(capsys)


def test_ratings_need_a_trained_enhancer(tmp_path, capsys):
    (tmp_path / 'derivatives' / 'truth').mkdir(parents=True)
    assert train(tmp_path / 'out', tmp_path, '--ratings', tmp_path / 'ratings.tsv') == 1
    assert 'ratings alone cannot train the enhancer; start from a cascade' in one_sentence(capsys)


def test_a_new_counter_needs_an_enhancer(tmp_path, capsys):
    assert main(['train', str(tmp_path / 'out'), '--new-counter']) == 1
    assert 'add --from (for example --from shipped)' in one_sentence(capsys)


def test_a_missing_folder_of_masks_is_refused(tmp_path, capsys):
    (tmp_path / 'derivatives' / 'truth').mkdir(parents=True)
    assert train(tmp_path / 'out', tmp_path, '--masks', tmp_path / 'none') == 1
    assert 'give the folder of the masks' in one_sentence(capsys)


def test_a_missing_bundle_to_start_from_is_refused(tmp_path, capsys):
    (tmp_path / 'derivatives' / 'truth').mkdir(parents=True)
    assert train(tmp_path / 'out', tmp_path, '--from', tmp_path / 'none') == 1
    assert 'it is not a folder with card.json' in one_sentence(capsys)


@pytest.mark.parametrize('option', ['--name', '--version-label'])
@pytest.mark.parametrize('text', ['a' * 101, 'two\nlines'])
def test_an_invalid_name_is_refused(tmp_path, capsys, option, text):
    with pytest.raises(SystemExit) as stop:
        main(['train', str(tmp_path / 'out'), option, text])
    assert stop.value.code == 2
    assert 'give one line of at most 100 characters' in capsys.readouterr().err


@pytest.mark.slow
def test_training_simulates_participants_by_default(tmp_path):
    """Some participants are simulated for training, and others for calibration."""
    bundle = tmp_path / 'model'
    epochs = ('--epochs-enhancer', '1', '--epochs-counter', '1')
    options = ['--participants', '3', *epochs, '--seed', '3', '--n-cpus', '2']
    completed = subprocess.run(
        [sys.executable, '-m', 'pvs_workflow.lab.cli.main', 'train', str(bundle), *options],
        capture_output=True,
        text=True,
        check=False,
    )
    assert completed.returncode == 0, completed.stderr
    assert 'Simulated 3 of 3 participants' in completed.stdout
    card = json.loads((bundle / 'card.json').read_text())
    assert card['training']['participants'] == 3
    assert card['training']['calibrated_besides_on'] == 2
    assert card['training']['data']['Name'] == 'simulated while training'
    # Six variations of the images of two others and of the held-out participant.
    assert card['calibration']['n_images'] == 6 * (2 * 6 + 6)


def equal(weights, others):
    return all((a == b).all() for a, b in zip(weights, others, strict=True))


TRAIN = (
    'from dataclasses import replace\n'
    'from pvs_workflow.lab.training import config\n'
    'config.RECORDED = replace(config.RECORDED, width=2, strides=(2, 2, 2, 2, 1))\n'
    'from pvs_workflow.lab.cli.main import main\n'
    'import sys\n'
    'sys.exit(main(sys.argv[1:]))\n'
)


def start_training(out, dataset, *options):
    epochs = ('--epochs-enhancer', '2', '--epochs-counter', '4')
    command = [sys.executable, '-c', TRAIN, 'train', str(out), '--bids-dir', str(dataset)]
    return subprocess.Popen(
        [*command, *epochs, '--seed', '4', *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {'PYTHONUNBUFFERED': '1'},
    )


def finish(process):
    output, _ = process.communicate()
    assert process.returncode == 0, output
    return output


@pytest.mark.slow
def test_a_killed_training_resumes_to_the_same_weights(dataset, tmp_path):
    """It is killed during the enhancer's epochs, then between two pools of the counter."""
    undisturbed = tmp_path / 'undisturbed' / 'model'
    disturbed = tmp_path / 'disturbed' / 'model'
    for path in (undisturbed, disturbed):
        path.parent.mkdir()
    finish(start_training(undisturbed, dataset))
    options = []
    for last in ('enhancer epoch 1:', 'counter epoch 2:'):
        process = start_training(disturbed, dataset, *options)
        # The line is printed after the checkpoint is written.
        for line in process.stdout:
            if line.startswith(last):
                break
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        options = ['--resume']
    output = finish(start_training(disturbed, dataset, *options))
    assert 'enhancer epoch' not in output
    assert 'counter epoch 2:' not in output
    for network in ('enhancer', 'counter'):
        weights, others = (
            getattr(load_bundle(path), network).get_weights() for path in (undisturbed, disturbed)
        )
        assert equal(weights, others)
    cards = [json.loads((path / 'card.json').read_text()) for path in (undisturbed, disturbed)]
    assert cards[0]['calibration'] == cards[1]['calibration']
    assert not disturbed.with_name('model_checkpoints').exists()


def test_checkpoints_of_another_training_are_refused(dataset, tmp_path):
    folder = tmp_path / 'model_checkpoints'
    folder.mkdir()
    (folder / 'command.txt').write_text('pvs_cascade train model --seed 5\n')
    process = start_training(tmp_path / 'model', dataset, '--resume')
    output, _ = process.communicate()
    assert process.returncode == 1
    assert 'holds checkpoints of another command (pvs_cascade train model --seed 5)' in output
    assert folder.is_dir()
    shutil.rmtree(folder)
