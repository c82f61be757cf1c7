"""Outcomes of scans, explanations of failures, and retired results."""

import tempfile
from dataclasses import replace
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
    used_images,
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
PVS_ERROR = """Traceback (most recent call last):
  File "run.py", line 1, in run
nipype.pipeline.engine.nodes.NodeExecutionError: Exception raised while executing Node read.

Traceback:
\tTraceback (most recent call last):
\t  File "read.py", line 2, in read
\tpvs_workflow.errors.ImageError: x.nii.gz is 4D; give a 3D image
"""


def test_a_scan_succeeds_with_a_result_and_without_a_failure(tmp_path):
    for scan in SCANS[:2]:
        path = result_path(tmp_path, scan)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('result')
    failure = SimpleNamespace(node='pvs_wf.sub_1_wf.a', traceback=PVS_ERROR, crash_file=CRASH)
    outcome = collect_outcome(tmp_path, SCANS, [failure], ['pvs_wf.sub_1_wf.b'])
    assert outcome.done == (SCANS[1],)
    assert '4D' in outcome.failed[SCANS[0]]
    assert 'is missing' in outcome.failed[SCANS[2]]


def test_results_of_an_earlier_run_are_moved(tmp_path):
    other, stale = result_path(tmp_path, SCANS[1]), result_path(tmp_path, SCANS[0])
    for path in (other, stale):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(path.name)
    (moved,) = retire_results(tmp_path, SCANS[0], 'run7')
    assert (other.exists(), stale.exists()) == (True, False)
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


def test_a_result_that_cannot_be_moved_is_named(tmp_path):
    stale = result_path(tmp_path, SCANS[0])
    stale.parent.mkdir(parents=True)
    stale.write_text('old')
    # A folder cannot be created inside a file.
    (tmp_path / 'sub-1' / 'log').write_text('')
    with pytest.raises(
        OutputError, match=r'is from an earlier run and cannot be moved to .*; delete it'
    ):
        retire_results(tmp_path, SCANS[0], 'run7')


def test_the_message_of_a_pvs_error_is_not_changed():
    message = explain_failure(SCANS[0], 'pvs_wf.sub_1_wf.read', PVS_ERROR, CRASH)
    assert message == 'sub-1: x.nii.gz is 4D; give a 3D image'


@pytest.mark.parametrize(
    ('traceback', 'reason'),
    [
        ('Traceback:\n  File "x"\nZeroDivisionError: by zero\n\n', 'ZeroDivisionError: by zero'),
        ('', 'no message'),
    ],
)
def test_other_errors_name_the_step_and_the_crash_file(traceback, reason):
    message = explain_failure(SCANS[0], 'pvs_wf.sub_1_wf.in_wf.read', traceback, CRASH)
    assert message == f'sub-1: step read failed: {reason} (details: {CRASH})'


@pytest.mark.parametrize(
    'line',
    [
        'OSError: [Errno 28] No space left on device',
        "OSError: [Errno 122] Disk quota exceeded: '/scratch/a.npz'",
    ],
)
def test_a_full_disk_is_reported_with_the_space_that_is_needed(line, monkeypatch):
    monkeypatch.setattr(tempfile, 'tempdir', '/tmp')
    traceback = f'Traceback:\n  File "x"\n{line}\n'
    message = explain_failure(SCANS[0], 'pvs_wf.sub_1_wf.read', traceback, CRASH)
    assert message.startswith('sub-1: step read cannot write to the work folder or /tmp: ')
    assert message.endswith('per T2w, or choose another --work-dir or TMPDIR')
    assert 'No space left on device' in message or 'Disk quota exceeded' in message
    assert '\n' not in message


@pytest.mark.parametrize(
    ('node', 'expected'),
    [
        ('pvs_wf.sub_1_wf.deep_wf.node', SCANS[0]),
        ('pvs_wf.sub_1_run_2_wf.node', SCANS[1]),
        ('pvs_wf.sub_10_ses_a_wf.node', SCANS[2]),
        ('pvs_wf.node', None),
    ],
)
def test_scans_with_similar_names_are_distinguished(node, expected):
    assert failed_scan(node, branches_of(SCANS)) is expected


def test_the_first_failure_of_a_scan_is_reported(tmp_path):
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
    common = [SimpleNamespace(node='pvs_wf.x', traceback='KeyError: 3', crash_file=CRASH)]
    assert list(collect_outcome(tmp_path, SCANS, common, []).failed) == list(SCANS)


def test_images_without_a_derivative_were_not_used(tmp_path):
    scan = replace(SCANS[0], t1w=Path('t1w.nii'), flair=Path('flair.nii'))
    path = result_path(tmp_path, scan, 'space-T2w_desc-preproc_FLAIR.nii.gz')
    path.parent.mkdir(parents=True)
    path.touch()
    used = used_images(tmp_path, scan)
    assert (used.t2w, used.t1w, used.flair) == (scan.t2w, None, scan.flair)
