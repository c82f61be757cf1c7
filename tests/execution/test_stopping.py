"""Signals, as terminals and clusters send them: to all processes, once or twice, or too early."""

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


def heed_signals():
    """Undo in a new process what it inherits: tests in the background ignore Ctrl-C and others."""
    for signum in (signal.SIGINT, signal.SIGHUP):
        signal.signal(signum, signal.SIG_DFL)


def begin(folder, case='slow', **options):
    """Start a small graph in a session of its own, as a terminal would."""
    return subprocess.Popen(
        [sys.executable, TINY, case, folder],
        text=True,
        start_new_session=True,
        preexec_fn=heed_signals,
        **({'stderr': subprocess.PIPE} | options),
    )


def await_file(path, process, lines=0):
    deadline = time.monotonic() + 240
    while not path.exists() or len(path.read_text().splitlines()) < lines:
        assert time.monotonic() < deadline
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)


def family(process):
    """Return all processes of its session."""
    found = []
    for stat in Path('/proc').glob('[0-9]*/stat'):
        try:
            fields = stat.read_text().rpartition(')')[2].split()
        except OSError:
            continue
        if int(fields[3]) == process.pid:
            found.append(int(stat.parent.name))
    return found


def all_gone(pids, seconds=10):
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
    'SIGHUP': ([signal.SIGHUP], 129, 'stopped, since the terminal was closed; '),
}


@pytest.mark.parametrize('case', SIGNALS)
def test_all_processes_are_sent_a_signal(tmp_path, case):
    signals, code, said = SIGNALS[case]
    process = begin(tmp_path)
    await_file(tmp_path / 'runs.txt', process, lines=2)
    pids = family(process)
    assert len(pids) >= 3
    for number, signum in enumerate(signals):
        time.sleep(0.05 * number)
        os.killpg(process.pid, signum)
    begun = time.monotonic()
    errors = process.communicate(timeout=120)[1]
    assert time.monotonic() - begun < 60
    assert process.returncode == code
    assert all_gone(pids)
    assert 'Traceback' not in errors
    sentences = [line for line in errors.splitlines() if 'resumes' in line]
    assert sentences == [f'{said}the same command with the same work folder resumes']


@pytest.mark.parametrize('delay', [0.0, 0.3, 0.8])
def test_ctrl_c_twice_while_workers_start(tmp_path, delay):
    process = begin(tmp_path)
    # Workers, which have yet to learn that Ctrl-C is none of their business, start soon.
    await_file(tmp_path / 'out' / 'logs' / 'run.log', process)
    time.sleep(delay)
    pids = family(process)
    os.killpg(process.pid, signal.SIGINT)
    os.killpg(process.pid, signal.SIGINT)
    errors = process.communicate(timeout=120)[1]
    assert process.returncode == 130
    assert errors == 'interrupted; the same command with the same work folder resumes\n'
    assert all_gone(pids)


def test_a_terminal_that_is_closed(tmp_path):
    leader, follower = pty.openpty()
    # The first terminal that the leader of a session opens is that of the session.
    process = subprocess.Popen(
        [sys.executable, '-c', ON_TERMINAL, os.ttyname(follower), TINY, tmp_path],
        start_new_session=True,
        preexec_fn=heed_signals,
    )
    os.close(follower)
    await_file(tmp_path / 'runs.txt', process, lines=2)
    pids = family(process)
    os.close(leader)
    assert process.wait(timeout=120) == 129
    assert all_gone(pids)
    log = (tmp_path / 'out' / 'logs' / 'run.log').read_text()
    assert 'stopped, since the terminal was closed' in log


ON_TERMINAL = """
import os, sys
terminal, tiny, folder = sys.argv[1:]
os.dup2(os.open(terminal, os.O_RDWR), 2)
os.execv(sys.executable, [sys.executable, tiny, 'slow', folder])
"""


def test_nohup_goes_on_without_a_terminal(tmp_path):
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
    # Set back by a day after two seconds, and on by a year after four.
    passed = time.monotonic() - _begin
    return _true() - (86_400 if passed > 2 else 0) + (365 * 86_400 if passed > 4 else 0)

time.time = jump
"""


def test_a_clock_that_is_set_back_holds_nobody_up(tmp_path):
    (tmp_path / 'clock').mkdir()
    (tmp_path / 'clock' / 'sitecustomize.py').write_text(CLOCK)
    paths = [str(tmp_path / 'clock'), os.environ.get('PYTHONPATH', '')]
    environment = os.environ | {'PYTHONPATH': os.pathsep.join(filter(None, paths))}
    process = begin(tmp_path, 'fine', env=environment)
    errors = process.communicate(timeout=240)[1]
    assert process.returncode == 0, errors
    assert re.findall('sub-0[1-4]', (tmp_path / 'outcome.json').read_text()) == ALL
