"""Progress lines and the progress bar."""

import os
import pty
import subprocess
import sys
from io import StringIO
from pathlib import Path
from types import SimpleNamespace

import pytest

from pvs_workflow.execution.progress import Progress
from pvs_workflow.inputs import Scan
from tests.builders.execution import TINY

SCANS = [Scan(name, None, Path('x'), None, None, (('sub', name),)) for name in ('1', '2', '3')]


def lines(stream):
    return stream.getvalue().splitlines()


def test_the_number_of_steps_is_extrapolated_to_later_scans():
    stream = StringIO()
    node = SimpleNamespace(fullname='pvs_wf.sub_2_wf.read', name='read')
    with Progress(SCANS, stream) as progress:
        progress.count(2)
        progress.start(4)
        progress.callback(node, 'exception')
        assert lines(stream)[-1] == '1 of about 6 steps, sub-2 read, failed'
        progress.count(1)
        progress.start(3)
        progress.callback(node, 'exception')
        assert lines(stream)[-1] == '2 of 7 steps, sub-2 read, failed'
        for _ in range(5):
            progress.callback(SimpleNamespace(fullname='pvs_wf.other', name='other'), 'end')
    assert lines(stream)[-1] == '7 of 7 steps, other'


@pytest.mark.slow
def test_a_terminal_shows_a_bar(tmp_path):
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, TINY, 'fine', tmp_path],
        stderr=follower,
        env=os.environ | {'TERM': 'xterm', 'COLUMNS': '100'},
    )
    os.close(follower)
    output = b''
    try:
        while chunk := os.read(leader, 4096):
            output += chunk
    except OSError:  # Linux raises it when the other end is closed
        pass
    os.close(leader)
    assert process.wait(timeout=180) == 0
    assert '━' in output.decode()
    assert '8/8' in output.decode()


class _Closed:
    """Stream of a closed terminal."""

    def isatty(self):
        return self.tty

    def write(self, *text):
        raise OSError(5, 'Input/output error')

    flush = write

    def __init__(self, tty):
        self.tty = tty


@pytest.mark.parametrize('tty', [True, False])
def test_a_closed_terminal_does_not_stop_progress(tty):
    node = SimpleNamespace(fullname='pvs_wf.sub_1_wf.read', name='read')
    with Progress(SCANS, _Closed(tty)) as progress:
        progress.start(1)
        progress.callback(node, 'end')
