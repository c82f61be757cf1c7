"""Each participant to one run at a time, whoever was killed before."""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from pvs_workflow.errors import OutputError
from pvs_workflow.execution import locking
from pvs_workflow.execution.locking import RunLocks, claimed
from pvs_workflow.inputs import Scan, Selection
from pvs_workflow.settings import Settings

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
    """Lock participants in another process, which prints those that are another's."""
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


def leave(folder, label, **facts):
    """Leave a lock as a run somewhere else would."""
    content = {'run': 'far', 'process': '00000000-7-7', 'host': 'node7', 'pid': 7} | facts
    (folder / '.far.beat').touch()
    path = folder / f'.sub-{label}.running'
    path.write_text(json.dumps(content))
    return path


def test_what_is_free_is_taken_and_given_back(tmp_path):
    first, second = start('a', tmp_path), start('b', tmp_path)
    assert [first.acquire(label) for label in ('01', '02')] == ['', '']
    owner = f'run a (process {os.getpid()} on {os.uname().nodename}), which uses {tmp_path}'
    assert [second.acquire(label) for label in ('02', '03')] == [owner, '']
    first.release()
    assert second.acquire('02') == ''
    second.release()
    assert list(tmp_path.iterdir()) == []


def test_a_run_at_work_keeps_what_it_has_and_a_killed_one_does_not(tmp_path, hold):
    process = hold('a', '01')
    assert process.stdout.readline() == '[]\n'
    ours = start('b', tmp_path)
    assert ours.acquire('01')
    process.kill()
    process.wait()
    begin = time.monotonic()
    assert not ours.acquire('01')
    # It was of this machine: there is nothing to wait for.
    assert time.monotonic() - begin < 5
    ours.release()
    assert list(tmp_path.iterdir()) == []


def test_a_run_elsewhere_is_alive_as_long_as_its_beat_changes(tmp_path):
    path = leave(tmp_path, '01')
    theirs = path.read_text()
    stopped = threading.Event()

    def beat():
        # Its clock is wrong, and that must not matter.
        for number in range(10_000):
            if stopped.wait(0.05):
                return
            os.utime(tmp_path / '.far.beat', (number, number))

    thread = threading.Thread(target=beat)
    thread.start()
    try:
        holder = start('b', tmp_path, watch_seconds=2).acquire('01')
        assert holder == f'run far (process 7 on node7), which uses {tmp_path}'
        assert path.read_text() == theirs
    finally:
        stopped.set()
        thread.join()
    assert not start('b', tmp_path, watch_seconds=0.5).acquire('01')
    assert not (tmp_path / '.far.beat').exists()


@pytest.mark.parametrize('content', ['', '{', '[]', '{"run": "../far"}', '\0\xff'])
def test_a_lock_that_was_not_written_to_its_end_blocks_nobody(tmp_path, content):
    (tmp_path / '.sub-01.running').write_text(content)
    assert not start('b', tmp_path, watch_seconds=0.3).acquire('01')


def test_of_many_that_take_over_at_once_one_succeeds(tmp_path, hold):
    dead = hold('a', '01')
    dead.stdout.readline()
    dead.kill()
    dead.wait()
    heirs = [hold(f'heir-{number}', '01') for number in range(6)]
    said = [heir.stdout.readline() for heir in heirs]
    assert sorted(said) == ["['01']\n"] * 5 + ['[]\n']


@pytest.fixture
def selection():
    scans = [Scan(n, None, Path('t2w.nii'), None, None, (('sub', n),)) for n in ('01', '02')]
    return Selection(scans=tuple(scans), missing=(('03', 'sub-03: no T2w'),), skipped=())


@pytest.fixture
def settings(tmp_path):
    for name in ('out/logs', 'work'):
        (tmp_path / name).mkdir(parents=True)
    return Settings(
        bids_dir=tmp_path / 'bids',
        output_dir=tmp_path / 'out',
        work_dir=tmp_path / 'work',
        analysis_level='participant',
        run_id='ours',
    )


@pytest.mark.parametrize('folder', ['out/logs', 'work'])
def test_participants_of_other_runs_are_left_to_them(settings, selection, tmp_path, folder):
    other = start('theirs', tmp_path / folder)
    other.acquire('02')
    with claimed(settings, selection) as (own, busy, _):
        assert [scan.participant for scan in own.scans] == ['01']
        assert own.missing == selection.missing
        (sentence,) = busy
        assert sentence.startswith('sub-02: left to run theirs')
        assert f'which uses {tmp_path / folder}, expected one run at a time' in sentence
        assert (tmp_path / 'work' / '.sub-01.running').exists()
    other.release()
    assert list(tmp_path.rglob('.*')) == []


def test_a_run_whose_folder_is_gone_is_stopped_and_says_why(
    settings, selection, tmp_path, monkeypatch
):
    stopped = threading.Event()
    monkeypatch.setattr(locking, 'BEAT_SECONDS', 0.05)
    monkeypatch.setattr(locking, 'ignore_signals', lambda: None)
    monkeypatch.setattr(locking.os, 'kill', lambda *_: stopped.set())
    with (
        pytest.raises(OutputError, match='work was removed, or taken over by another run'),
        claimed(settings, selection) as (_, _, locks),
    ):
        locks.check()
        assert not stopped.wait(0.3)
        (tmp_path / 'work').rename(tmp_path / 'elsewhere')
        assert stopped.wait(10)
        raise ValueError('whatever else goes wrong then')


def test_a_run_that_was_taken_for_dead_does_not_take_away_its_heirs_lock(tmp_path):
    suspended = start('a', tmp_path)
    suspended.acquire('01')
    for path in tmp_path.iterdir():
        path.unlink()
    heir = start('b', tmp_path)
    heir.acquire('01')
    assert suspended.lost() == [tmp_path]
    suspended.release()
    assert heir.lost() == []
    assert (tmp_path / '.sub-01.running').exists()


def test_a_folder_that_cannot_be_written_to(tmp_path):
    with pytest.raises(OutputError, match='nowhere cannot be written, expected a folder'):
        start('a', tmp_path / 'nowhere')
