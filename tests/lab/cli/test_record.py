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
    _, kind, fields = parse_command(words)
    return kind(**fields)


@pytest.mark.parametrize(
    'given',
    [
        ['--from', 'shipped', '--new-counter', '--paper-settings', '--seed', '0'],
        ['--bids-dir', 'b', '--derivatives', 'd', '--masks', 'm', '--ratings', 'r.tsv'],
        ['--participants', '9', '--anatomies', 'a', '--backgrounds', 'b', '--n-cpus', '2'],
        ['--epochs-enhancer', '1', '--epochs-counter', '2', '--minutes', '2.5'],
    ],
)
def test_the_command_of_a_training_repeats_its_plan(given):
    first = plan('train', 'some/where', *given)
    again = plan(*shlex.split(training_command(first))[1:])
    assert replace(again, output=first.output) == first


def test_threads_are_left_out_of_the_command_on_demand():
    command = training_command(plan('train', 'out', '--n-cpus', '2'), n_cpus=False)
    assert command == 'pvs_cascade train out --participants 200 --seed 20240715'


def test_the_command_of_a_crossvalidation_names_methods_only_where_some_are_left_out():
    every, two = (
        plan('crossval', 'a/data', 'out', *words)
        for words in ([], ['--methods', 'none', 'deep', '--variations', '2'])
    )
    folders = (every.bids_dir, every.output)
    assert command_line('crossval', folders, every, every.options) == (
        'pvs_cascade crossval data out --seed 1 --folds 4 --n-cpus 1'
    )
    assert command_line('crossval', folders, two, two.options).endswith(
        '--variations 2 --n-cpus 1 --methods none deep'
    )


def test_what_a_dataset_says_of_its_making_is_recorded(tmp_path):
    assert dataset_record(tmp_path) == {}
    (tmp_path / 'dataset_description.json').write_text('[]')
    assert dataset_record(tmp_path) == {}
    description = {'Name': 'Ours', 'License': 'CC0', 'Authors': ['A']}
    (tmp_path / 'dataset_description.json').write_text(json.dumps(description))
    assert dataset_record(tmp_path) == {'Name': 'Ours', 'License': 'CC0'}


def test_a_cascade_of_somebodys_raters_is_not_described_as_one_of_simulated_people(tmp_path):
    own = plan('train', 'out', '--bids-dir', str(tmp_path), '--from', 'shipped')
    assert limitations(own, 8).startswith('Trained on 8 participants of one dataset, after')
    simulated = {'GeneratedBy': [{'Name': 'pvs_workflow.simulation'}]}
    (tmp_path / 'dataset_description.json').write_text(json.dumps(simulated))
    assert limitations(own, 8) == limitations(plan('train', 'out'), 8) != ''


def test_the_truth_is_looked_for_inside_the_dataset(tmp_path):
    (tmp_path / 'derivatives' / 'truth').mkdir(parents=True)
    assert find_truth(tmp_path, None) == tmp_path / 'derivatives' / 'truth'
    assert find_truth(tmp_path, tmp_path) == tmp_path
    with pytest.raises(InvalidDatasetError, match='received nothing there'):
        find_truth(tmp_path / 'none', tmp_path)


def test_masks_that_are_a_file_are_refused(tmp_path):
    check_masks(None)
    (tmp_path / 'masks').write_text('')
    with pytest.raises(PVSError, match='received a file'):
        check_masks(tmp_path / 'masks')


def test_a_plan_has_a_field_for_each_argument():
    assert plan('train', 'out').output == Path('out')
    assert isinstance(plan('train', 'out'), TrainingPlan)
