"""The real app, when disks are full and folders go away or may no longer be written to."""

import json
import os
import re
import shutil

import pytest

pytestmark = pytest.mark.slow


def test_no_room_for_results(stages, faults, peace, reference, small_disk):
    stage = stages('full', warm_from=peace)
    resize = small_disk(stage.out, 3)
    with faults.Watcher(stage.out, reference) as watcher:
        code, said = stage.run()
    # Page and record, if there is room for them, tell of the failure.
    tells = ('sub-01.html:', 'sub-01/figures/sub-01_provenance.json:')
    wrong = [text for text in watcher.problems if not text.startswith(tells)]
    assert (code, wrong) == (1, [])
    record = json.loads((stage.out / 'sub-01/figures/sub-01_provenance.json').read_text())
    assert 'cannot be written' in record['runs'][-1]['scans']['sub-01']
    failures = [line for line in said.splitlines() if 'No space left on device' in line]
    assert failures
    assert any(re.search(r'cannot be written, expected .* \(\d+\.\d MB are free', line)
               for line in failures)  # fmt: skip
    resize(200)
    code, said = stage.run()
    assert code == 0, said
    assert faults.compare(stage.out, reference) == []


def test_no_room_for_work(stages, faults, reference, small_disk):
    stage = stages('cramped')
    resize = small_disk(stage.work, 12)
    code, said = stage.run()
    assert code == 1
    (failure,) = [line for line in said.splitlines() if line.startswith('sub-01: step')]
    assert 'cannot write, expected a work folder with room for about' in failure
    assert 'No space left on device' in failure
    assert list(stage.out.glob('sub-01/anat/*_grade.tsv')) == []
    assert failure.removeprefix('sub-01: ') in (stage.out / 'sub-01.html').read_text()
    resize(500)
    code, said = stage.run()
    assert code == 0, said
    assert faults.compare(stage.out, reference) == []


def test_the_output_folder_goes_away(stages, faults, peace, reference):
    stage = stages('gone', warm_from=peace)
    process = stage.begin()
    stage.wait_for('sub-01/anat/*.nii.gz', process)
    stage.out.rename(stage.folder / 'elsewhere')
    code, said = stage.end(process)
    assert code == 1
    assert said.splitlines()[-1].startswith(f'{stage.out / "logs"} was removed, or taken over')
    code, said = stage.run()
    assert code == 0, said
    assert faults.compare(stage.out, reference) == []


def test_the_work_folder_goes_away(stages, faults, peace, reference):
    stage = stages('workless')
    process = stage.begin()
    stage.wait_for(2, process)
    stage.work.rename(stage.folder / 'elsewhere')
    code, said = stage.end(process)
    assert code == 1
    assert f'{stage.work} was removed, or taken over by another run' in said
    assert list(stage.out.glob('sub-01/anat/*_grade.tsv')) == []
    # Back again, it is gone on from.
    shutil.rmtree(stage.work, ignore_errors=True)
    (stage.folder / 'elsewhere').rename(stage.work)
    code, said = stage.run()
    assert code == 0, said
    assert faults.compare(stage.out, reference) == []


def test_permission_is_lost(stages, faults, peace, reference, somebody):
    stage = stages('denied')
    shutil.copytree(peace.work, stage.work)
    if somebody:
        for path in (stage.folder, *stage.folder.rglob('*')):
            os.chown(path, somebody['user'], somebody['group'])
    somebody = somebody | {'env': os.environ | {'HOME': str(stage.folder)}}
    process = stage.begin(**somebody)
    stage.wait_for('sub-01/anat/*.nii.gz', process)
    (stage.out / 'sub-01' / 'anat').chmod(0o555)
    code, said = stage.end(process)
    assert code == 1
    assert re.search(r'^sub-01: .* cannot be written, expected .* Permission denied$', said, re.M)
    assert 'cannot be written' in (stage.out / 'sub-01.html').read_text()
    (stage.out / 'sub-01' / 'anat').chmod(0o755)
    code, said = stage.run(**somebody)
    assert code == 0, said
    assert faults.compare(stage.out, reference) == []
