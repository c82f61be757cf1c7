"""Job arrays on a real Slurm: parallel tasks, a failed task and its resubmission."""

import json
import re

import pytest

from tests.builders.cluster import PARTICIPANTS, call, wait_for_jobs
from tests.builders.example import run, tables

pytestmark = pytest.mark.slow


@pytest.fixture(scope='module')
def array(dataset, local, tmp_path_factory):
    """Submit an array twice, the first time with a broken image; return outputs and states."""
    folder = tmp_path_factory.mktemp('array')
    out, database = folder / 'out', folder / 'database'
    # `run` puts the work folder next to the output folder.
    options = ('--nprocs', '1', '--bids-database-dir', database, '--write-slurm', folder / 'a.sh')
    assert run(dataset, out, 'participant', *options).returncode == 0
    image = min((dataset / f'sub-{PARTICIPANTS[1]}').rglob('*_T2w.nii.gz'))
    content = image.read_bytes()
    messages, pending, tables_after_failure = [], [], None
    try:
        image.write_bytes(content[: len(content) // 3])
        messages.append(call('bash', folder / 'a.sh', 'submit'))
        wait_for_jobs()
        pending.append(call('bash', folder / 'a.sh', 'pending').split())
        tables_after_failure = set(tables(out))
    finally:
        image.write_bytes(content)
    messages.append(call('bash', folder / 'a.sh', 'submit'))
    wait_for_jobs()
    pending.append(call('bash', folder / 'a.sh', 'pending').split())
    return folder, messages, pending, tables_after_failure


def test_only_failed_tasks_are_submitted_again(array):
    _, messages, pending, _ = array
    assert [re.search(r'submitted (\d+) participants', text)[1] for text in messages] == ['2', '1']
    assert pending == [['2'], []]


def test_a_failed_task_does_not_affect_others(array, local):
    *_, tables_after_failure = array
    first = {name for name in tables(local) if name.startswith(f'sub-{PARTICIPANTS[0]}_')}
    assert first <= tables_after_failure < set(tables(local))


def test_all_tables_equal_those_of_a_local_run(array, local):
    out = array[0] / 'out'
    assert tables(out) == tables(local)
    for path in local.glob('group_*.tsv'):
        assert (out / path.name).read_bytes() == path.read_bytes(), path.name


def test_logs_reports_and_one_database_are_written(array):
    folder = array[0]
    logs = list((folder / 'out' / 'logs' / 'slurm').glob('a_*_*.log'))
    assert len(logs) == 3 + 2  # tasks, and the group level after each submission
    (reason,) = [text for path in logs if 'cannot be' in (text := path.read_text())]
    assert f'sub-{PARTICIPANTS[1]}' in reason
    assert 'Traceback' not in reason
    for label in PARTICIPANTS:
        assert (folder / 'out' / f'sub-{label}.html').exists()
    assert [path.name for path in (folder / 'database').iterdir()] == ['layout_index.sqlite']
    description = json.loads((folder / 'out' / 'dataset_description.json').read_text())
    assert description['DatasetType'] == 'derivative'
    assert not list(folder.rglob('.writing-*'))


def test_waiting_participants_are_not_submitted_again(dataset, tmp_path):
    script = tmp_path / 'held.sh'
    run(dataset, tmp_path / 'out', 'participant', '--write-slurm', script)
    try:
        assert 'submitted 2 participants' in call('bash', script, 'submit', '--hold')
        again = call('bash', script, 'submit')
        assert again == ('2 participants are still in the queue and are not submitted again\n')
    finally:
        call('scancel', '--name=held_0,held_group')
