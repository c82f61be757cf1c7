"""What the lines say while graphs of some scans at a time are run."""

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


def test_steps_of_later_scans_are_foreseen():
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
def test_bar_on_a_terminal(tmp_path):
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, TINY, 'fine', tmp_path],
        stderr=follower,
        env=os.environ | {'TERM': 'xterm', 'COLUMNS': '100'},
    )
    os.close(follower)
    shown = b''
    try:
        while chunk := os.read(leader, 4096):
            shown += chunk
    except OSError:  # the way Linux tells that the other end was closed
        pass
    os.close(leader)
    assert process.wait(timeout=180) == 0
    assert '━' in shown.decode()
    assert '8/8' in shown.decode()


class _Closed:
    """A terminal that has been closed."""

    def isatty(self):
        return self.tty

    def write(self, *text):
        raise OSError(5, 'Input/output error')

    flush = write

    def __init__(self, tty):
        self.tty = tty


@pytest.mark.parametrize('tty', [True, False])
def test_nobody_has_to_listen_to_progress(tty):
    node = SimpleNamespace(fullname='pvs_wf.sub_1_wf.read', name='read')
    with Progress(SCANS, _Closed(tty)) as progress:
        progress.start(1)
        progress.callback(node, 'end')
