"""What became of scans, why they failed, and their earlier results."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from pvs_workflow.errors import OutputError
from pvs_workflow.execution.outcome import (
    branches_of,
    collect_outcome,
    explain_failure,
    failed_scan,
    result_path,
    retire_results,
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


def test_success_is_a_result_without_failure(tmp_path):
    for scan in SCANS[:2]:
        path = result_path(tmp_path, scan)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('result')
    failure = SimpleNamespace(node='pvs_wf.sub_1_wf.a', traceback=OWN, crash_file=CRASH)
    outcome = collect_outcome(tmp_path, SCANS, [failure], ['pvs_wf.sub_1_wf.b'])
    assert outcome.done == (SCANS[1],)
    assert '4D' in outcome.failed[SCANS[0]]
    assert 'is missing' in outcome.failed[SCANS[2]]


def test_results_of_an_earlier_run_are_moved_away(tmp_path):
    kept, stale = result_path(tmp_path, SCANS[1]), result_path(tmp_path, SCANS[0])
    for path in (kept, stale):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(path.name)
    (moved,) = retire_results(tmp_path, SCANS[0], 'run7')
    assert (kept.exists(), stale.exists()) == (True, False)
    assert moved == tmp_path / 'sub-1' / 'log' / 'run7' / stale.name
    assert moved.read_text() == stale.name
    assert retire_results(tmp_path, SCANS[0], 'run8') == []


def test_all_tables_of_a_failed_scan_are_moved(tmp_path):
    tails = ('desc-potter_grade', 'desc-epvs_counts', 'space-T2w_desc-epvs_instances')
    paths = [
        result_path(tmp_path, SCANS[0], f'{tail}.{kind}')
        for tail in tails
        for kind in ('tsv', 'json')
    ]
    paths[0].parent.mkdir(parents=True)
    for path in paths:
        path.write_text(path.name)
    moved = retire_results(tmp_path, SCANS[0], 'run7')
    assert sorted(path.name for path in moved) == sorted(path.name for path in paths)


def test_a_result_that_cannot_be_moved_away_is_named(tmp_path):
    stale = result_path(tmp_path, SCANS[0])
    stale.parent.mkdir(parents=True)
    stale.write_text('old')
    # There is no way to make a folder in what is a file.
    (tmp_path / 'sub-1' / 'log').write_text('')
    with pytest.raises(
        OutputError, match=r'is of an earlier run, do not use it: .* cannot be written'
    ):
        retire_results(tmp_path, SCANS[0], 'run7')


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


def test_first_failure_of_a_scan_counts(tmp_path):
    failures = [
        SimpleNamespace(node='pvs_wf.sub_1_wf.a', traceback='KeyError: 1', crash_file=CRASH),
        SimpleNamespace(node='pvs_wf.sub_1_wf.b', traceback='KeyError: 2', crash_file=CRASH),
    ]
    for scan in SCANS:
        path = result_path(tmp_path, scan)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('result')
    failed = collect_outcome(tmp_path, SCANS, failures, []).failed
    assert list(failed) == [SCANS[0]]
    assert 'KeyError: 1' in failed[SCANS[0]]
    everyone = [SimpleNamespace(node='pvs_wf.x', traceback='KeyError: 3', crash_file=CRASH)]
    assert list(collect_outcome(tmp_path, SCANS, everyone, []).failed) == list(SCANS)
