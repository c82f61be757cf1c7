"""The real app with full disks, removed folders and lost permissions."""

import json
import os
import re
import shutil

import pytest

pytestmark = pytest.mark.slow


def test_a_full_output_disk_is_reported_and_the_run_resumes(
    stages, faults, undisturbed, reference, small_disk
):
    stage = stages('full', warm_from=undisturbed)
    resize = small_disk(stage.out, 3)
    with faults.Watcher(stage.out, reference) as watcher:
        code, output = stage.run()
    # The report and the record may differ, since they show the failure.
    reports = ('sub-01.html:', 'sub-01/figures/sub-01_provenance.json:')
    wrong = [text for text in watcher.problems if not text.startswith(reports)]
    assert (code, wrong) == (1, [])
    record = json.loads((stage.out / 'sub-01/figures/sub-01_provenance.json').read_text())
    assert 'cannot write' in record['runs'][-1]['scans']['sub-01']
    failures = [line for line in output.splitlines() if 'No space left on device' in line]
    assert failures
    assert any(re.search(r'cannot write .*: .* \(\d+\.\d MB free\)', line)
               for line in failures)  # fmt: skip
    resize(200)
    code, output = stage.run()
    assert code == 0, output
    assert faults.compare(stage.out, reference) == []


def test_a_full_work_disk_is_reported_and_the_run_resumes(stages, faults, reference, small_disk):
    stage = stages('cramped')
    resize = small_disk(stage.work, 12)
    code, output = stage.run()
    assert code == 1
    (failure,) = [line for line in output.splitlines() if line.startswith('sub-01: step')]
    assert 'cannot write to the work folder or ' in failure
    assert 'choose another --work-dir or TMPDIR' in failure
    assert 'No space left on device' in failure
    assert list(stage.out.glob('sub-01/anat/*_grade.tsv')) == []
    assert failure.removeprefix('sub-01: ') in (stage.out / 'sub-01.html').read_text()
    resize(500)
    code, output = stage.run()
    assert code == 0, output
    assert faults.compare(stage.out, reference) == []


def test_the_output_folder_is_removed(stages, faults, undisturbed, reference):
    stage = stages('gone', warm_from=undisturbed)
    process = stage.begin()
    stage.wait_for('sub-01/anat/*.nii.gz', process)
    stage.out.rename(stage.folder / 'elsewhere')
    code, output = stage.end(process)
    assert code == 1
    assert output.splitlines()[-1].startswith(f'{stage.out / "logs"} was removed, or taken over')
    code, output = stage.run()
    assert code == 0, output
    assert faults.compare(stage.out, reference) == []


def test_the_work_folder_is_removed(stages, faults, undisturbed, reference):
    stage = stages('workless')
    process = stage.begin()
    stage.wait_for(2, process)
    stage.work.rename(stage.folder / 'elsewhere')
    code, output = stage.end(process)
    assert code == 1
    assert f'{stage.work} was removed, or taken over by another run' in output
    assert list(stage.out.glob('sub-01/anat/*_grade.tsv')) == []
    # The run resumes after the folder is back.
    shutil.rmtree(stage.work, ignore_errors=True)
    (stage.folder / 'elsewhere').rename(stage.work)
    code, output = stage.run()
    assert code == 0, output
    assert faults.compare(stage.out, reference) == []


def test_write_permission_is_lost(stages, faults, undisturbed, reference, unprivileged):
    stage = stages('denied')
    shutil.copytree(undisturbed.work, stage.work)
    if unprivileged:
        for path in (stage.folder, *stage.folder.rglob('*')):
            os.chown(path, unprivileged['user'], unprivileged['group'])
    unprivileged = unprivileged | {'env': os.environ | {'HOME': str(stage.folder)}}
    process = stage.begin(**unprivileged)
    stage.wait_for('sub-01/anat/*.nii.gz', process)
    (stage.out / 'sub-01' / 'anat').chmod(0o555)
    code, output = stage.end(process)
    assert code == 1
    assert re.search(
        r'^sub-01: cannot write .*: Permission denied; choose another folder$', output, re.M
    )
    assert 'cannot write' in (stage.out / 'sub-01.html').read_text()
    (stage.out / 'sub-01' / 'anat').chmod(0o755)
    code, output = stage.run(**unprivileged)
    assert code == 0, output
    assert faults.compare(stage.out, reference) == []
