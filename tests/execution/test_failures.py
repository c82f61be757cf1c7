from pathlib import Path
from types import SimpleNamespace

import pytest

from pvs_workflow.execution.failures import (
    branches_of,
    explain_failure,
    explain_failures,
    failed_scan,
)
from pvs_workflow.inputs import Scan

SCANS = tuple(
    Scan(label, session, Path('t2w.nii.gz'), None, None, entities)
    for label, session, entities in [
        ('1', None, (('sub', '1'),)),
        ('1', None, (('sub', '1'), ('run', '2'))),
        ('10', 'a', (('sub', '10'), ('ses', 'a'))),
    ]
)
CRASH = Path('/out/log/crash.txt')
OWN = """Traceback (most recent call last):
  File "run.py", line 1, in run
nipype.pipeline.engine.nodes.NodeExecutionError: Exception raised while executing Node read.

Traceback:
\tTraceback (most recent call last):
\t  File "read.py", line 2, in read
\tpvs_workflow.errors.ImageError: x.nii.gz is 4D, expected 3 dimensions, received 4
"""


def test_our_own_error_is_told_as_it_is():
    sentence = explain_failure(SCANS[0], 'pvs_wf.sub_1_wf.read', OWN, CRASH)
    assert sentence == 'sub-1: x.nii.gz is 4D, expected 3 dimensions, received 4'


@pytest.mark.parametrize(
    ('traceback', 'told'),
    [
        ('Traceback:\n  File "x"\nZeroDivisionError: by zero\n\n', 'ZeroDivisionError: by zero'),
        ('', 'no message'),
    ],
)
def test_other_errors_are_told_with_step_and_crash_file(traceback, told):
    sentence = explain_failure(SCANS[0], 'pvs_wf.sub_1_wf.in_wf.read', traceback, CRASH)
    assert sentence == f'sub-1: step read failed with {told} (all of it in {CRASH})'


@pytest.mark.parametrize(
    'line',
    [
        'OSError: [Errno 28] No space left on device',
        "OSError: [Errno 122] Disk quota exceeded: '/scratch/a.npz'",
    ],
)
def test_no_room_for_work_is_told_with_what_is_needed(line):
    traceback = f'Traceback:\n  File "x"\n{line}\n'
    sentence = explain_failure(SCANS[0], 'pvs_wf.sub_1_wf.read', traceback, CRASH)
    assert sentence.startswith('sub-1: step read cannot write, expected a work folder with room')
    assert 'No space left on device' in sentence or 'Disk quota exceeded' in sentence
    assert '\n' not in sentence


@pytest.mark.parametrize(
    ('node', 'expected'),
    [
        ('pvs_wf.sub_1_wf.deep_wf.node', SCANS[0]),
        ('pvs_wf.sub_1_run_2_wf.node', SCANS[1]),
        ('pvs_wf.sub_10_ses_a_wf.node', SCANS[2]),
        ('pvs_wf.node', None),
    ],
)
def test_names_that_begin_alike_are_not_mixed_up(node, expected):
    assert failed_scan(node, branches_of(SCANS)) is expected


def test_first_failure_of_a_scan_counts():
    failures = [
        SimpleNamespace(node='pvs_wf.sub_1_wf.a', traceback='KeyError: 1', crash_file=CRASH),
        SimpleNamespace(node='pvs_wf.sub_1_wf.b', traceback='KeyError: 2', crash_file=CRASH),
    ]
    assert list(explain_failures(failures, SCANS)) == [SCANS[0]]
    assert 'KeyError: 1' in explain_failures(failures, SCANS)[SCANS[0]]
    everyone = [SimpleNamespace(node='pvs_wf.x', traceback='KeyError: 3', crash_file=CRASH)]
    assert list(explain_failures(everyone, SCANS)) == list(SCANS)
