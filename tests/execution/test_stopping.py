"""Signals from terminals and clusters: to all processes, repeated, and during startup."""

import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.builders.execution import ALL, TINY, is_alive

pytestmark = pytest.mark.slow


def restore_signals():
    """Restore default handlers in a new process, because background tests ignore Ctrl-C."""
    for signum in (signal.SIGINT, signal.SIGHUP):
        signal.signal(signum, signal.SIG_DFL)


def begin(folder, case='slow', **options):
    """Start a small graph in a new session, as a terminal does."""
    return subprocess.Popen(
        [sys.executable, TINY, case, folder],
        text=True,
        start_new_session=True,
        preexec_fn=restore_signals,
        **({'stderr': subprocess.PIPE} | options),
    )


def await_file(path, process, lines=0):
    deadline = time.monotonic() + 240
    while not path.exists() or len(path.read_text().splitlines()) < lines:
        assert time.monotonic() < deadline
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)


def session_pids(process):
    """Return the IDs of all processes in the session of a process."""
    pids = []
    for stat in Path('/proc').glob('[0-9]*/stat'):
        try:
            fields = stat.read_text().rpartition(')')[2].split()
        except OSError:
            continue
        if int(fields[3]) == process.pid:
            pids.append(int(stat.parent.name))
    return pids


def all_ended(pids, seconds=10):
    deadline = time.monotonic() + seconds
    while any(map(is_alive, pids)):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


SIGNALS = {
    'Ctrl-C': ([signal.SIGINT], 130, 'interrupted; '),
    'Ctrl-C twice': ([signal.SIGINT, signal.SIGINT], 130, 'interrupted; '),
    'Ctrl-C, then SIGTERM': ([signal.SIGINT, signal.SIGTERM], 130, 'interrupted; '),
    'SIGTERM twice': ([signal.SIGTERM, signal.SIGTERM], 143, 'terminated; '),
    'SIGHUP': ([signal.SIGHUP], 129, 'stopped because the terminal was closed; '),
}


@pytest.mark.parametrize('case', SIGNALS)
def test_a_signal_to_all_processes_stops_the_run(tmp_path, case):
    signals, code, message = SIGNALS[case]
    process = begin(tmp_path)
    await_file(tmp_path / 'runs.txt', process, lines=2)
    pids = session_pids(process)
    assert len(pids) >= 3
    for number, signum in enumerate(signals):
        time.sleep(0.05 * number)
        os.killpg(process.pid, signum)
    start = time.monotonic()
    errors = process.communicate(timeout=120)[1]
    assert time.monotonic() - start < 60
    assert process.returncode == code
    assert all_ended(pids)
    assert 'Traceback' not in errors
    sentences = [line for line in errors.splitlines() if 'to resume' in line]
    assert sentences == [f'{message}rerun the same command with the same work folder to resume']


@pytest.mark.parametrize('delay', [0.0, 0.3, 0.8])
def test_ctrl_c_twice_while_workers_start_stops_the_run(tmp_path, delay):
    process = begin(tmp_path)
    # Workers start now; they do not ignore Ctrl-C yet.
    await_file(tmp_path / 'out' / 'logs' / 'run.log', process)
    time.sleep(delay)
    pids = session_pids(process)
    os.killpg(process.pid, signal.SIGINT)
    os.killpg(process.pid, signal.SIGINT)
    errors = process.communicate(timeout=120)[1]
    assert process.returncode == 130
    assert errors == ('interrupted; rerun the same command with the same work folder to resume\n')
    assert all_ended(pids)


def test_closing_the_terminal_stops_the_run(tmp_path):
    leader, follower = pty.openpty()
    # The first terminal that a session leader opens becomes the terminal of the session.
    process = subprocess.Popen(
        [sys.executable, '-c', ON_TERMINAL, os.ttyname(follower), TINY, tmp_path],
        start_new_session=True,
        preexec_fn=restore_signals,
    )
    os.close(follower)
    await_file(tmp_path / 'runs.txt', process, lines=2)
    pids = session_pids(process)
    os.close(leader)
    assert process.wait(timeout=120) == 129
    assert all_ended(pids)
    log = (tmp_path / 'out' / 'logs' / 'run.log').read_text()
    assert 'stopped because the terminal was closed' in log


ON_TERMINAL = """
import os, sys
terminal, tiny, folder = sys.argv[1:]
os.dup2(os.open(terminal, os.O_RDWR), 2)
os.execv(sys.executable, [sys.executable, tiny, 'slow', folder])
"""


def test_a_run_with_nohup_continues_without_a_terminal(tmp_path):
    read, write = os.pipe()
    process = subprocess.Popen(
        ['nohup', sys.executable, TINY, 'fine', tmp_path], stderr=write, start_new_session=True
    )
    os.close(write)
    await_file(tmp_path / 'out' / 'logs' / 'run.log', process)
    os.close(read)
    os.killpg(process.pid, signal.SIGHUP)
    assert process.wait(timeout=240) == 0
    assert re.findall('sub-0[1-4]', (tmp_path / 'outcome.json').read_text()) == ALL


CLOCK = """
import time
_true, _begin = time.time, time.monotonic()

def jump():
    # Jump back a day after two seconds, and forward a year after four.
    passed = time.monotonic() - _begin
    return _true() - (86_400 if passed > 2 else 0) + (365 * 86_400 if passed > 4 else 0)

time.time = jump
"""


def test_a_clock_that_is_set_back_does_not_delay_the_run(tmp_path):
    (tmp_path / 'clock').mkdir()
    (tmp_path / 'clock' / 'sitecustomize.py').write_text(CLOCK)
    paths = [str(tmp_path / 'clock'), os.environ.get('PYTHONPATH', '')]
    environment = os.environ | {'PYTHONPATH': os.pathsep.join(filter(None, paths))}
    process = begin(tmp_path, 'fine', env=environment)
    errors = process.communicate(timeout=240)[1]
    assert process.returncode == 0, errors
    assert re.findall('sub-0[1-4]', (tmp_path / 'outcome.json').read_text()) == ALL
