"""Job arrays in queues that refuse a part of them."""

import pytest

from tests.builders.untidy_queue import QOS, Queue


def test_a_queue_without_limits_takes_all(tmp_path):
    queue = Queue(tmp_path, 2300)
    process = queue.submit()
    assert process.returncode == 0, process.stderr
    assert process.stdout == (
        'submitted 2300 participants as 4001 4002 4003\nsubmitted the group level after them\n'
    )
    assert queue.tasks() == list(range(1, 2301))
    assert queue.groups() == 1


@pytest.mark.parametrize('limit', [1, 7, 30])
def test_a_refused_part_is_named(limit, tmp_path):
    queue = Queue(tmp_path, 31, max_tasks=limit)
    process = queue.submit()
    assert process.returncode == 1
    assert queue.tasks() == list(range(1, limit + 1))
    assert f'submitted {limit} participants as 4001' in process.stdout
    last = process.stderr.splitlines()[-1]
    assert last.startswith(f'not submitted: {31 - limit} participants, which the queue refused')
    assert QOS in last
    assert last.endswith('; repeat this command when the queue has room')
    # The group level did not fit either.
    assert queue.groups() == 0
    assert 'not submitted: the group level, which the queue refused' in process.stderr


def test_nothing_is_submitted_twice(tmp_path):
    queue = Queue(tmp_path, 30, max_tasks=12)
    queue.submit()
    queue.finish(1, 2, 4)
    queue.drop(3)
    queue.limit(1000)
    process = queue.submit()
    assert process.returncode == 0, process.stderr
    assert queue.tasks() == [3, *range(5, 31)]
    assert '8 participants are still in the queue and are not submitted again' in process.stdout
    assert 'submitted 19 participants' in process.stdout
    assert queue.groups() == 1


def test_a_full_queue_takes_nothing(tmp_path):
    queue = Queue(tmp_path, 5, max_tasks=0)
    process = queue.submit('--partition=long')
    assert process.returncode == 1
    assert process.stdout == ''
    assert process.stderr.startswith('not submitted: 5 participants, which the queue refused')


def test_the_rest_is_submitted_when_the_queue_has_room(tmp_path):
    queue, rounds = Queue(tmp_path, 23, max_tasks=6), 0
    while queue.submit().returncode:
        rounds += 1
        queue.finish(*queue.tasks())
        assert rounds < 10
    queue.finish(*queue.tasks())
    assert rounds == 3
    assert queue.submit().stdout == 'all participants are done\n'


def test_arrays_have_no_more_tasks_than_allowed(tmp_path):
    queue = Queue(tmp_path, 30, max_index=10)
    process = queue.submit()
    assert process.returncode == 0, process.stderr
    assert queue.tasks() == list(range(1, 31))
    assert max(task['task'] for task in queue.read()) <= 10


def test_running_participants_are_left_alone(tmp_path):
    queue = Queue(tmp_path, 4)
    queue.submit()
    process = queue.submit()
    assert process.returncode == 0
    assert process.stdout == '4 participants are still in the queue and are not submitted again\n'
    assert len(queue.tasks()) == 4


def test_jobs_of_other_arrays_do_not_count(tmp_path):
    queue = Queue(tmp_path, 3)
    queue.add(1, 'pvs_0', '/another study/pvs.sh')
    queue.add(2, 'pvs_nightly', queue.script)
    queue.add('N/A', 'bash', '(null)')
    process = queue.submit()
    assert 'submitted 3 participants' in process.stdout, process.stderr


def test_nothing_is_submitted_if_the_queue_does_not_answer(tmp_path):
    queue = Queue(tmp_path, 3)
    queue.stop_answering()
    process = queue.submit()
    assert process.returncode == 1
    assert process.stdout == ''
    assert process.stderr == 'slurm_load_jobs error: Unable to contact slurm controller\n'
