"""Locks of T2w, also after runs were killed or suspended."""

import json
import os
import subprocess
import sys
import threading
import time

import pytest

from pvs_workflow.errors import OutputError
from pvs_workflow.execution.locking import RunLocks

HOLD = """
import sys
from pathlib import Path
from pvs_workflow.execution.locking import RunLocks
folder, run, *labels = sys.argv[1:]
locks = RunLocks(run, [Path(folder)])
locks.start()
print([label for label in labels if locks.acquire(label)], flush=True)
sys.stdin.read()
"""


@pytest.fixture
def hold(tmp_path):
    """Return a function that locks T2w in another process.

    The process prints the T2w that it could not lock.
    """
    processes = []

    def call(run, *labels):
        process = subprocess.Popen(
            [sys.executable, '-c', HOLD, tmp_path, run, *labels],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        return process

    yield call
    for process in processes:
        process.kill()
        process.communicate()


def start(run, *folders, **options):
    locks = RunLocks(run, folders, **options)
    locks.start()
    return locks


def write_lock(folder, label, **facts):
    """Write a lock as a run on another machine would."""
    content = {'run': 'far', 'process': '00000000-7-7', 'host': 'node7', 'pid': 7} | facts
    (folder / '.far.beat').touch()
    path = folder / f'.sub-{label}.running'
    path.write_text(json.dumps(content))
    return path


def test_free_t2w_are_locked_and_released(tmp_path):
    first, second = start('a', tmp_path), start('b', tmp_path)
    assert [first.acquire(name) for name in ('sub-01', 'sub-02')] == ['', '']
    owner = f'run a (process {os.getpid()} on {os.uname().nodename}) in {tmp_path}'
    assert [second.acquire(name) for name in ('sub-02', 'sub-03')] == [owner, '']
    first.release()
    assert second.acquire('sub-02') == ''
    second.release()
    assert list(tmp_path.iterdir()) == []


def test_a_live_run_keeps_its_locks_and_a_killed_run_loses_them(tmp_path, hold):
    process = hold('a', 'sub-01')
    assert process.stdout.readline() == '[]\n'
    ours = start('b', tmp_path)
    assert ours.acquire('sub-01')
    process.kill()
    process.wait()
    begin = time.monotonic()
    assert not ours.acquire('sub-01')
    # A run on this machine can be checked without waiting.
    assert time.monotonic() - begin < 5
    ours.release()
    assert list(tmp_path.iterdir()) == []


def test_a_run_on_another_machine_is_alive_while_its_beat_changes(tmp_path):
    path = write_lock(tmp_path, '01')
    theirs = path.read_text()
    stopped = threading.Event()

    def beat():
        # The clock of the other machine is wrong, which must not matter.
        for number in range(10_000):
            if stopped.wait(0.05):
                return
            os.utime(tmp_path / '.far.beat', (number, number))

    thread = threading.Thread(target=beat)
    thread.start()
    try:
        holder = start('b', tmp_path, watch_seconds=2).acquire('sub-01')
        assert holder == f'run far (process 7 on node7) in {tmp_path}'
        assert path.read_text() == theirs
    finally:
        stopped.set()
        thread.join()
    assert not start('b', tmp_path, watch_seconds=0.5).acquire('sub-01')
    assert not (tmp_path / '.far.beat').exists()


@pytest.mark.parametrize('content', ['', '{', '[]', '{"run": "../far"}', '\0\xff'])
def test_an_incomplete_lock_is_removed(tmp_path, content):
    (tmp_path / '.sub-01.running').write_text(content)
    assert not start('b', tmp_path, watch_seconds=0.3).acquire('sub-01')


def test_only_one_of_many_runs_takes_over_a_lock(tmp_path, hold):
    dead = hold('a', 'sub-01')
    dead.stdout.readline()
    dead.kill()
    dead.wait()
    successors = [hold(f'successor-{number}', 'sub-01') for number in range(6)]
    refused = [successor.stdout.readline() for successor in successors]
    assert sorted(refused) == ["['sub-01']\n"] * 5 + ['[]\n']


def test_a_suspended_run_does_not_remove_the_lock_of_its_successor(tmp_path):
    suspended = start('a', tmp_path)
    suspended.acquire('sub-01')
    for path in tmp_path.iterdir():
        path.unlink()
    successor = start('b', tmp_path)
    successor.acquire('sub-01')
    assert suspended.lost() == [tmp_path]
    suspended.release()
    assert successor.lost() == []
    assert (tmp_path / '.sub-01.running').exists()


def test_an_unwritable_folder_is_reported(tmp_path):
    with pytest.raises(OutputError, match=r'cannot write .*nowhere: .*; choose another folder'):
        start('a', tmp_path / 'nowhere')
