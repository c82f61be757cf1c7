import json
import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from pvs_workflow.errors import InvalidDatasetError, PVSError
from pvs_workflow.lab.cli.main import parse_command
from pvs_workflow.lab.cli.record import (
    check_masks,
    command_line,
    dataset_record,
    find_truth,
    limitations,
    training_command,
)
from pvs_workflow.lab.training.plan import TrainingPlan


def plan(*words):
    _, plan_class, fields = parse_command(words)
    return plan_class(**fields)


@pytest.mark.parametrize(
    'options',
    [
        ['--from', 'shipped', '--new-counter', '--paper-settings', '--seed', '0'],
        ['--bids-dir', 'b', '--derivatives', 'd', '--masks', 'm', '--ratings', 'r.tsv'],
        ['--participants', '9', '--anatomies', 'a', '--backgrounds', 'b', '--n-cpus', '2'],
        ['--epochs-enhancer', '1', '--epochs-counter', '2', '--minutes', '2.5'],
    ],
)
def test_the_recorded_training_command_gives_the_same_plan(options):
    first = plan('train', 'some/where', *options)
    again = plan(*shlex.split(training_command(first))[1:])
    assert replace(again, output=first.output) == first


def test_the_number_of_threads_can_be_left_out():
    command = training_command(plan('train', 'out', '--n-cpus', '2'), n_cpus=False)
    assert command == 'pvs_cascade train out --participants 200 --seed 20240715'


def test_the_crossvalidation_command_lists_methods_only_if_some_are_left_out():
    all_methods, two_methods = (
        plan('crossval', 'a/data', 'out', *words)
        for words in ([], ['--methods', 'none', 'deep', '--variations', '2'])
    )
    folders = (all_methods.bids_dir, all_methods.output)
    assert command_line('crossval', folders, all_methods, all_methods.options) == (
        'pvs_cascade crossval data out --seed 1 --folds 4 --n-cpus 1'
    )
    assert command_line('crossval', folders, two_methods, two_methods.options).endswith(
        '--variations 2 --n-cpus 1 --methods none deep'
    )


def test_the_description_of_a_dataset_is_recorded(tmp_path):
    assert dataset_record(tmp_path) == {}
    (tmp_path / 'dataset_description.json').write_text('[]')
    assert dataset_record(tmp_path) == {}
    description = {'Name': 'Ours', 'License': 'CC0', 'Authors': ['A']}
    (tmp_path / 'dataset_description.json').write_text(json.dumps(description))
    assert dataset_record(tmp_path) == {'Name': 'Ours', 'License': 'CC0'}


def test_the_limitations_of_a_cascade_name_its_training_data(tmp_path):
    rated = plan('train', 'out', '--bids-dir', str(tmp_path), '--from', 'shipped')
    assert limitations(rated, 8).startswith('Trained on 8 participants of one dataset, starting')
    simulated = {'GeneratedBy': [{'Name': 'pvs_workflow.simulation'}]}
    (tmp_path / 'dataset_description.json').write_text(json.dumps(simulated))
    assert limitations(rated, 8) == limitations(plan('train', 'out'), 8) != ''


def test_the_truth_is_inside_the_dataset_by_default(tmp_path):
    (tmp_path / 'derivatives' / 'truth').mkdir(parents=True)
    assert find_truth(tmp_path, None) == tmp_path / 'derivatives' / 'truth'
    assert find_truth(tmp_path, tmp_path) == tmp_path
    with pytest.raises(InvalidDatasetError, match='none does not exist; give'):
        find_truth(tmp_path / 'none', tmp_path)


def test_a_file_instead_of_a_folder_of_masks_is_refused(tmp_path):
    check_masks(None)
    (tmp_path / 'masks').write_text('')
    with pytest.raises(PVSError, match='masks is a file'):
        check_masks(tmp_path / 'masks')


def test_a_plan_has_a_field_for_each_argument():
    assert plan('train', 'out').output == Path('out')
    assert isinstance(plan('train', 'out'), TrainingPlan)
