import json
import subprocess
import sys

import nibabel as nib
import numpy as np
import pytest

from pvs_workflow.lab.cli.main import build_parser, main
from pvs_workflow.lab.cli.record import command_of


def run(*args):
    return subprocess.run(
        [sys.executable, '-m', 'pvs_workflow.lab.cli.main', *map(str, args)],
        capture_output=True,
        text=True,
        check=False,
    )


def test_help_is_light():
    code = (
        'import sys\n'
        'from pvs_workflow.lab.cli.main import main\n'
        'try:\n    main(sys.argv[1:])\n'
        'except SystemExit as end:\n    assert end.code == 0\n'
        'heavy = {"tensorflow", "keras", "pandas", "ants", "nipype", "matplotlib"}\n'
        'print(heavy & set(sys.modules), file=sys.stderr)\n'
    )
    for args in (['--help'], ['train', '--help'], ['simulate', '--help'], ['evaluate', '--help']):
        done = subprocess.run(
            [sys.executable, '-c', code, *args], capture_output=True, text=True, check=True
        )
        assert done.stdout.startswith('usage: pvs_cascade')
        assert done.stderr == 'set()\n'


def test_commands_are_named(capsys):
    with pytest.raises(SystemExit):
        main(['--help'])
    out = capsys.readouterr().out
    assert all(command in out for command in ('simulate', 'train', 'evaluate'))


@pytest.mark.parametrize(
    'args',
    [
        [],
        ['sing'],
        ['train'],
        ['train', 'a', 'b'],
        ['train', 'a', '--minutes', '0'],
        ['train', 'a', '--minutes', 'nan'],
        ['train', 'a', '--epochs-counter', '0'],
        ['train', 'a', '--seed', '-1'],
        ['evaluate', 'a', 'b', 'c', '--seed', '-1'],
        ['simulate', 'a', '--participants', '0'],
        ['train', 'a', '--n-cpus', 'two'],
    ],
)
def test_wrong_arguments_end_in_2(args, capsys):
    with pytest.raises(SystemExit) as end:
        main(args)
    assert end.value.code == 2
    assert 'usage: pvs_cascade' in capsys.readouterr().err


def one_sentence(capsys):
    err = capsys.readouterr().err
    assert err.startswith('pvs_cascade: error: ')
    assert err.count('\n') == 1
    return err


def train(out, bids_dir, *options):
    return main(['train', str(out), '--bids-dir', str(bids_dir), *map(str, options)])


def test_no_dataset(tmp_path, capsys):
    assert train(tmp_path / 'out', tmp_path / 'none') == 16
    assert 'received nothing there' in one_sentence(capsys)


def test_no_truth(tmp_path, capsys):
    assert train(tmp_path / 'out', tmp_path) == 16
    assert 'the truth' in one_sentence(capsys)


def test_nothing_to_train_on(tmp_path, capsys):
    (tmp_path / 'derivatives' / 'truth').mkdir(parents=True)
    assert train(tmp_path / 'out', tmp_path) == 66
    assert 'received 0 T2w images' in one_sentence(capsys)
    assert not (tmp_path / 'out').exists()


def test_output_that_is_something_else(tmp_path, capsys):
    (tmp_path / 'derivatives' / 'truth').mkdir(parents=True)
    assert train(tmp_path, tmp_path) == 1
    assert 'stays untouched' in one_sentence(capsys)


@pytest.mark.parametrize('name', ['derivatives', 'masks', 'ratings'])
def test_own_data_without_their_images(tmp_path, capsys, name):
    assert main(['train', str(tmp_path / 'out'), f'--{name}', str(tmp_path)]) == 1
    assert f'--{name} cannot be used alone, expected --bids-dir' in one_sentence(capsys)


def test_ratings_need_a_trained_enhancer(tmp_path, capsys):
    (tmp_path / 'derivatives' / 'truth').mkdir(parents=True)
    assert train(tmp_path / 'out', tmp_path, '--ratings', tmp_path / 'ratings.tsv') == 1
    assert 'ratings alone cannot train the enhancer, expected --from' in one_sentence(capsys)


def test_a_new_counter_needs_an_enhancer(tmp_path, capsys):
    assert main(['train', str(tmp_path / 'out'), '--new-counter']) == 1
    assert 'expected --from' in one_sentence(capsys)


def test_masks_that_are_not_there(tmp_path, capsys):
    (tmp_path / 'derivatives' / 'truth').mkdir(parents=True)
    assert train(tmp_path / 'out', tmp_path, '--masks', tmp_path / 'none') == 1
    assert 'the masks' in one_sentence(capsys)


def test_a_bundle_to_start_from_that_is_none(tmp_path, capsys):
    (tmp_path / 'derivatives' / 'truth').mkdir(parents=True)
    assert train(tmp_path / 'out', tmp_path, '--from', tmp_path / 'none') == 1
    assert 'received nothing there' in one_sentence(capsys)


def test_evaluating_without_a_bundle(tmp_path, capsys):
    (tmp_path / 'derivatives' / 'truth').mkdir(parents=True)
    out = tmp_path / 'out.json'
    assert main(['evaluate', str(tmp_path), str(tmp_path / 'none'), str(out)]) == 1
    assert 'received nothing there' in one_sentence(capsys)
    assert not out.exists()


@pytest.mark.slow
def test_simulate_train_evaluate_load_infer(tmp_path):
    """The whole path, one command each, and the bundle it makes counts."""
    cohort, bundle, figures = (tmp_path / name for name in ('cohort', 'model', 'figures.json'))
    options = ('--participants', 3, '--seed', 5, '--contrasts', 'T2w')
    done = run('simulate', cohort, *options)
    assert done.returncode == 0, done.stderr
    epochs = ('--epochs-enhancer', 1, '--epochs-counter', 2)
    done = run('train', bundle, '--bids-dir', cohort, *epochs, '--seed', 3, '--name', 'tiny')
    assert done.returncode == 0, done.stderr
    assert 'counter epoch 2: training loss' in done.stdout
    assert done.stderr == ''
    assert (tmp_path / 'model_curves.png').is_file()
    done = run('evaluate', cohort, bundle, figures)
    assert done.returncode == 0, done.stderr

    card = json.loads((bundle / 'card.json').read_text())
    assert card['name'] == 'tiny'
    assert card['training']['seed'] == 3
    assert card['training']['participants'] == 3
    assert card['training']['calibrated_besides_on'] == 0
    assert card['training']['command'].startswith(
        'pvs_cascade train model --bids-dir cohort --seed 3'
    )
    scores = json.loads(figures.read_text())
    assert scores['true_roi']['n_images'] == 18
    assert np.isfinite(scores['roi_errors']['mae'])

    t2w = nib.load(next(cohort.glob('sub-*/anat/*_T2w.nii.gz')))
    assert t2w.ndim == 3
    code = (
        'import sys, numpy as np\n'
        'from pvs_workflow.networks.engine import configure_tensorflow\n'
        'from pvs_workflow.networks.bundle import load_bundle\n'
        'configure_tensorflow(1, 0)\n'
        'counts = load_bundle(sys.argv[1]).predict(np.zeros((6, 80, 96), "f4")).counts\n'
        'print(counts.shape, (counts >= 0).all())\n'
    )
    done = subprocess.run(
        [sys.executable, '-c', code, str(bundle)], capture_output=True, text=True, check=True
    )
    assert done.stdout == '(6,) True\n'


@pytest.mark.slow
def test_training_on_simulated_people(tmp_path):
    """Without data of one's own: people to learn from, and others to calibrate on."""
    bundle = tmp_path / 'model'
    epochs = ('--epochs-enhancer', 1, '--epochs-counter', 1)
    done = run('train', bundle, '--participants', 3, *epochs, '--seed', 3, '--n-cpus', 2)
    assert done.returncode == 0, done.stderr
    assert 'Simulated 3 of 3 participants' in done.stdout
    card = json.loads((bundle / 'card.json').read_text())
    assert card['training']['participants'] == 3
    assert card['training']['calibrated_besides_on'] == 2
    assert card['training']['data']['Name'] == 'simulated while training'
    # Six variations of the six images of two others, and of the calibration participant's.
    assert card['calibration']['n_images'] == 6 * (2 * 6 + 6)


def test_the_command_of_a_training_is_kept_whole():
    given = ['--from', 'shipped', '--new-counter', '--paper-settings', '--seed', '7']
    args = build_parser().parse_args(['train', 'some/where', *given])
    again = build_parser().parse_args([*command_of(args)[1:]])
    assert vars(again) | {'output': args.output} == vars(args)
