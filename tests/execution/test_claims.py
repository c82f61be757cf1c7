"""Claims of scans, also of one participant by several runs."""

import json
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from pvs_workflow.errors import OutputError
from pvs_workflow.execution import claims
from pvs_workflow.execution.claims import claimed
from pvs_workflow.execution.locking import RunLocks
from pvs_workflow.inputs import Scan, Selection
from pvs_workflow.settings import Settings


def start(run, *folders):
    locks = RunLocks(run, folders)
    locks.start()
    return locks


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
def test_scans_locked_by_other_runs_are_skipped(settings, selection, tmp_path, folder):
    other = start('theirs', tmp_path / folder)
    other.acquire('sub-02')
    with claimed(settings, selection) as (locked, busy, _):
        assert [scan.participant for scan in locked.scans] == ['01']
        assert locked.missing == selection.missing
        (message,) = busy
        assert message.startswith('sub-02: locked by run theirs')
        assert f' in {tmp_path / folder}; rerun when that run has ended' in message
        assert (tmp_path / 'work' / '.sub-01.running').exists()
    other.release()
    assert list(tmp_path.rglob('.*')) == []


def test_a_run_whose_folder_was_removed_is_stopped_with_a_message(
    settings, selection, tmp_path, monkeypatch
):
    stopped = threading.Event()
    monkeypatch.setattr(claims, 'BEAT_SECONDS', 0.05)
    monkeypatch.setattr(claims, 'ignore_signals', lambda: None)
    monkeypatch.setattr(claims.os, 'kill', lambda *_: stopped.set())
    with (
        pytest.raises(OutputError, match='work was removed, or taken over by another run'),
        claimed(settings, selection) as (_, _, locks),
    ):
        locks.check()
        assert not stopped.wait(0.3)
        (tmp_path / 'work').rename(tmp_path / 'elsewhere')
        assert stopped.wait(10)
        raise ValueError('an error that follows from this')


@pytest.fixture
def sessions(selection):
    """Return a selection for each of two sessions of one participant."""
    scans = [Scan('01', n, Path('t2w.nii'), None, None, (('sub', '01'), ('ses', n))) for n in '12']
    return [replace(selection, scans=(scan,), missing=()) for scan in scans]


def test_two_runs_may_process_two_sessions_of_one_participant(settings, sessions):
    with claimed(settings, sessions[0]) as (first, busy, _):
        assert (first, busy) == (sessions[0], [])
        with claimed(replace(settings, run_id='other'), sessions[1]) as (second, busy, _):
            assert (second, busy) == (sessions[1], [])
        with claimed(replace(settings, run_id='third'), sessions[0]) as (third, busy, _):
            assert third.scans == ()
            assert busy[0].startswith('sub-01_ses-1: locked by run ours')
    assert list(settings.output_dir.rglob('.*')) == []


def test_files_that_another_run_is_writing_are_kept(settings, sessions):
    anat = settings.output_dir / 'sub-01/ses-2/anat'
    with claimed(replace(settings, run_id='other'), sessions[1]):
        (anat / '.writing-00000000-1-1-x').mkdir(parents=True)
        with claimed(settings, sessions[0]):
            pass
        assert list(anat.iterdir()) != []
    # Without another run, nobody can still be writing there.
    assert list(anat.iterdir()) == []


ADD = """
import sys
from pathlib import Path
from pvs_workflow.execution.locking import RunLocks
from pvs_workflow.report.provenance import RunRecord, save_run
folder, run = Path(sys.argv[1]), sys.argv[2]
locks = RunLocks(run, [folder / 'logs'])
locks.start()
for number in range(20):
    with locks.exclusive('01'):
        save_run(folder, '01', RunRecord({}, {f'{run}-{number}': ''}))
locks.release()
"""


def test_runs_take_turns_at_the_record_of_a_participant(settings):
    folder = settings.output_dir
    processes = [
        subprocess.Popen([sys.executable, '-c', ADD, folder, run]) for run in ('one', 'two', 'six')
    ]
    assert [process.wait(120) for process in processes] == [0, 0, 0]
    record = folder / 'sub-01/figures/sub-01_provenance.json'
    names = {name for run in json.loads(record.read_text())['runs'] for name in run['scans']}
    assert names == {f'{run}-{number}' for run in ('one', 'two', 'six') for number in range(20)}
    assert list((folder / 'logs').iterdir()) == []


def test_a_turn_ends_with_its_run_and_does_not_last_for_ever(tmp_path):
    ours, theirs = start('ours', tmp_path), start('theirs', tmp_path)
    with theirs.exclusive('01'):
        with (
            pytest.raises(OutputError, match=r'turn is held by run theirs .*; rerun when that'),
            ours.exclusive('01', seconds=0.2),
        ):
            pass
        with ours.exclusive('02', seconds=0.2):
            pass
    with ours.exclusive('01', seconds=0.2):
        pass
    dead = subprocess.run([sys.executable, '-c', DIE, tmp_path])
    assert dead.returncode == 7
    assert (tmp_path / '.sub-01.turn').exists()
    with ours.exclusive('01', seconds=5):
        pass


DIE = """
import os, sys
from pathlib import Path
from pvs_workflow.execution.locking import RunLocks
locks = RunLocks('dead', [Path(sys.argv[1])])
locks.start()
with locks.exclusive('01'):
    os._exit(7)
"""
