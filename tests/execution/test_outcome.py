"""What became of scans, and of their earlier results."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from pvs_workflow.errors import OutputError
from pvs_workflow.execution.outcome import collect_outcome, result_path, retire_results
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
