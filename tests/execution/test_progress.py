"""What the lines say while graphs of some scans at a time are run."""

from io import StringIO
from pathlib import Path
from types import SimpleNamespace

from pvs_workflow.execution.progress import Progress
from pvs_workflow.inputs import Scan

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
