"""Each participant to one run at a time, whoever was killed before."""

import json
import os
import subprocess
import sys
import threading
import time

import pytest

from pvs_workflow.errors import OutputError
from pvs_workflow.execution.claims import Claims, Keeper
from pvs_workflow.processes import has_ended, own_name

HOLD = """
import sys
from pathlib import Path
from pvs_workflow.execution.claims import Claims
folder, run, *names = sys.argv[1:]
print(sorted(Claims(Path(folder), run).take(names)), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def hold(tmp_path):
    """Claim names in another process; return it and what was another's."""
    processes = []

    def call(run, *names):
        process = subprocess.Popen(
            [sys.executable, '-c', HOLD, tmp_path, run, *names],
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


def leave(folder, name, **facts):
    """Leave a claim as a run somewhere else would."""
    content = {'run': 'far', 'process': '00000000-7-7', 'host': 'node7', 'pid': 7} | facts
    (folder / '.far.beat').touch()
    path = folder / f'.{name}.running'
    path.write_text(json.dumps(content))
    return path


def test_a_process_is_known_by_its_name(hold):
    process = hold('a')
    process.stdout.readline()
    name = own_name().replace(str(os.getpid()), str(process.pid))
    # Another start time: the number was given to another process.
    assert has_ended(name) is True
    assert has_ended(own_name()) is False
    assert has_ended(own_name() + '-rest') is False
    assert has_ended('') is None


def test_what_is_free_is_taken_and_given_back(tmp_path):
    first, second = Claims(tmp_path, 'a'), Claims(tmp_path, 'b')
    assert first.take(['sub-01', 'sub-02']) == {}
    taken = second.take(['sub-02', 'sub-03'])
    assert list(taken) == ['sub-02']
    assert taken['sub-02'] == f'run a (process {os.getpid()} on {os.uname().nodename})'
    first.release()
    assert second.take(['sub-01', 'sub-02']) == {}
    second.release()
    assert list(tmp_path.iterdir()) == []


def test_file_systems_without_links(tmp_path, monkeypatch):
    def refuse(*names):
        raise OSError(1, 'Operation not permitted')

    whole = Claims(tmp_path, 'a')
    assert whole.take(['sub-01']) == {}
    monkeypatch.setattr(os, 'link', refuse)
    plain = Claims(tmp_path, 'b')
    assert list(plain.take(['sub-01', 'sub-02'])) == ['sub-01']
    path = tmp_path / '.sub-02.running'
    assert path.read_text() == (tmp_path / '.b.beat').read_text()
    assert path.stat().st_nlink == 1
    whole.release()
    plain.release()
    assert list(tmp_path.iterdir()) == []


def test_a_run_at_work_keeps_what_it_has_and_a_killed_one_does_not(tmp_path, hold):
    process = hold('a', 'sub-01')
    assert process.stdout.readline() == '[]\n'
    ours = Claims(tmp_path, 'b')
    assert list(ours.take(['sub-01'])) == ['sub-01']
    process.kill()
    process.wait()
    begin = time.monotonic()
    assert ours.take(['sub-01']) == {}
    # It was of this machine: there is nothing to wait for.
    assert time.monotonic() - begin < 5
    ours.release()
    assert list(tmp_path.iterdir()) == []


def test_a_run_elsewhere_is_alive_as_long_as_its_beat_changes(tmp_path):
    path = leave(tmp_path, 'sub-01')
    theirs = json.loads(path.read_text())
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
        ours = Claims(tmp_path, 'b', watch_seconds=2)
        assert ours.take(['sub-01']) == {'sub-01': 'run far (process 7 on node7)'}
        assert json.loads(path.read_text()) == theirs
    finally:
        stopped.set()
        thread.join()
    ours = Claims(tmp_path, 'b', watch_seconds=0.5)
    assert ours.take(['sub-01']) == {}
    assert not (tmp_path / '.far.beat').exists()


@pytest.mark.parametrize('content', ['', '{', '[]', '{"run": "../far"}', '\0\xff'])
def test_a_claim_that_was_not_written_to_its_end_blocks_nobody(tmp_path, content):
    (tmp_path / '.sub-01.running').write_text(content)
    assert Claims(tmp_path, 'b', watch_seconds=0.3).take(['sub-01']) == {}


def test_of_many_that_take_over_at_once_one_succeeds(tmp_path, hold):
    dead = hold('a', 'sub-01')
    dead.stdout.readline()
    dead.kill()
    dead.wait()
    heirs = [hold(f'heir-{number}', 'sub-01') for number in range(6)]
    said = [heir.stdout.readline() for heir in heirs]
    assert sorted(said) == ["['sub-01']\n"] * 5 + ['[]\n']


def test_who_lost_what_it_had_is_told_to_stop(tmp_path):
    (tmp_path / 'a').mkdir()
    stopped = threading.Event()
    claims = Claims(tmp_path / 'a', 'a')
    with Keeper([claims], seconds=0.05, stop=stopped.set) as keeper:
        # Nothing is lost that has not been taken yet.
        assert keeper.lost() == []
        claims.take(['sub-01'])
        assert not stopped.wait(0.3)
        (tmp_path / 'a').rename(tmp_path / 'b')
        assert stopped.wait(10)
        assert keeper.lost() == [tmp_path / 'a']


def test_a_run_that_was_taken_for_dead_does_not_take_away_its_heirs_claim(tmp_path):
    suspended, heir = Claims(tmp_path, 'a'), Claims(tmp_path, 'b')
    suspended.take(['sub-01'])
    for path in tmp_path.iterdir():
        path.unlink()
    heir.take(['sub-01'])
    assert not suspended.beat()
    suspended.release()
    assert heir.beat()
    assert (tmp_path / '.sub-01.running').exists()


def test_a_folder_that_cannot_be_written_to(tmp_path):
    with pytest.raises(OutputError, match='nowhere cannot be written to, expected a folder'):
        Claims(tmp_path / 'nowhere', 'a').take(['sub-01'])
