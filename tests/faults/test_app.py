"""The real app, disturbed: by kills, full disks, folders that go away, and other runs.

Whatever happens: one sentence, an exit code that tells the truth, no half-written file, nobody
else harmed; and the same command makes, in the end, the same bytes as an undisturbed run.
"""

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import nibabel as nb
import numpy as np
import pytest

from tests.builders.faults import DEADLINE

pytestmark = pytest.mark.slow

FAR_AWAY = 4_000_000_000
"""A time in the year 2096, in seconds since 1970."""


def test_killed_in_the_middle_again_and_again(stages, faults, reference):
    stage = stages('killed')
    kills = [
        faults.Kill(0, kind, wait) for kind, wait in (('step', 0.5), ('write', 0), ('page', 0))
    ]
    done, looks = faults.kill_in_a_row(
        stage.command, stage.folder, kills, reference, random.Random(5)
    )
    assert [kill.problems for kill in done] == [[] for _ in done]
    assert all(kill.survived for kill in done)
    assert len(done) >= 2
    assert looks >= len(reference)


def test_the_benchmark_sees_what_is_wrong(peace, faults, reference, tmp_path):
    """It would be of no use if it could not fail."""
    out = tmp_path / 'out'
    shutil.copytree(peace.out, out)
    assert faults.compare(out, reference) == []
    with faults.Watcher(out, reference) as watcher:
        pass
    assert watcher.problems == []
    table = out / 'sub-01/anat/sub-01_desc-epvs_counts.tsv'
    table.write_bytes(table.read_bytes()[:100])
    (out / 'sub-01.html').unlink()
    (out / 'sub-01' / '.writing-x').mkdir()
    (out / 'sub-01' / '.writing-x' / 'file').touch()
    with faults.Watcher(out, reference) as watcher:
        pass
    assert [problem.partition(':')[0] for problem in watcher.problems] == [
        'sub-01/anat/sub-01_desc-epvs_counts.tsv'
    ]
    assert faults.compare(out, reference) == [
        'sub-01.html is missing',
        'sub-01/anat/sub-01_desc-epvs_counts.tsv differs',
        '.writing-x is left over',
    ]


def test_a_touched_input_is_nothing_new(stages, faults, peace, reference, place):
    stage = stages('touched', warm_from=peace)
    t2w = place / 'one/sub-01/anat/sub-01_T2w.nii'
    before = t2w.stat()
    results = {path: path.stat().st_mtime_ns for path in work_results(peace)}
    try:
        # From the future, as on a machine whose clock was wrong.
        os.utime(t2w, (FAR_AWAY, FAR_AWAY))
        code, said = stage.run()
        assert code == 0, said
        os.utime(t2w, (0, 0))
        code, said = stage.run()
        assert code == 0, said
    finally:
        os.utime(t2w, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert faults.compare(stage.out, reference) == []
    assert {path: path.stat().st_mtime_ns for path in work_results(peace)} == results


def work_results(stage):
    """Return what nipype has of the steps that only calculate."""
    names = ('conform_t2w', 'register_affine', 'warp_template', 'run_cascade')
    found = [path for name in names for path in stage.work.rglob(f'{name}/result_*.pklz')]
    assert len(found) == len(names)
    return found


def test_a_changed_input_of_the_same_size_and_time_is_new(stages, faults, peace, reference, place):
    stage = stages('changed', warm_from=peace)
    shutil.copytree(peace.out, stage.out)
    t2w = place / 'one/sub-01/anat/sub-01_T2w.nii'
    before, content = t2w.stat(), t2w.read_bytes()
    image = nb.load(t2w)
    try:
        empty = nb.Nifti1Image(np.zeros(image.shape, image.get_data_dtype()), None, image.header)
        t2w.write_bytes(empty.to_bytes())
        os.utime(t2w, ns=(before.st_atime_ns, before.st_mtime_ns))
        after = t2w.stat()
        assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)
        code, said = stage.run()
    finally:
        t2w.write_bytes(content)
        os.utime(t2w, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert code == 1
    assert 'it is empty (every voxel has the value 0)' in said
    assert list(stage.out.glob('sub-01/anat/*_grade.tsv')) == []
    # And what was there before has gone nowhere.
    (kept,) = stage.out.glob('sub-01/log/*/sub-01_desc-potter_grade.tsv')
    assert kept.read_bytes() == reference[f'sub-01/anat/{kept.name}']
    code, said = peace.run()
    assert code == 0, said
    assert faults.compare(peace.out, reference) == []


@pytest.fixture(scope='module')
def struck(stages):
    """Kill a worker in a run of two people, as the kernel does when memory is short."""
    stage = stages('struck', 'two')
    process = stage.begin()
    stage.wait_for(2, process)
    deadline = time.monotonic() + DEADLINE
    while ', failed' not in process.said.read_text():
        # One that has nothing to do at the moment is missed by nobody.
        assert process.poll() is None and time.monotonic() < deadline
        if workers := sorted(workers_of(process.pid), key=resident):
            os.kill(workers[-1], signal.SIGKILL)
        time.sleep(2)
    return stage, *stage.end(process)


def workers_of(pid):
    found = []
    for child in Path(f'/proc/{pid}/task/{pid}/children').read_text().split():
        try:
            command = Path(f'/proc/{child}/cmdline').read_text()
        except OSError:
            continue
        if 'spawn_main' in command:
            found.append(int(child))
    return found


def resident(pid):
    try:
        return int(Path(f'/proc/{pid}/statm').read_text().split()[1])
    except (OSError, IndexError):
        return 0


def tables(out, label):
    """Return a participant's tables, as if it were the first."""
    name = f'sub-{label}'
    return {
        path.name.replace(name, 'sub-01'): path.read_bytes().replace(name.encode(), b'sub-01')
        for path in (out / name / 'anat').glob('*.tsv')
    }


def test_a_worker_that_was_killed_costs_nobody_else_anything(struck, faults, reference):
    stage, code, said = struck
    assert code == 1
    expected = {
        Path(name).name: content
        for name, content in reference.items()
        if name.startswith('sub-01/anat/') and name.endswith('.tsv')
    }
    sentences = re.findall('^sub-(0[12]): step .* did not end, (.*)$', said, re.M)
    assert sentences
    failed = {label for label, _ in sentences}
    for _, sentence in sentences:
        assert 'most often for want of memory' in sentence
        assert '--nprocs, --mem' in sentence
        assert 'resumes' in sentence
    for label in {'01', '02'} - failed:
        assert tables(stage.out, label) == expected
    for label in failed:
        assert not list(stage.out.glob(f'sub-{label}/anat/*_grade.tsv'))
        assert 'want of memory' in (stage.out / f'sub-{label}.html').read_text()
    assert [path for path in stage.out.rglob('.*') if faults.is_temporary(path)] == []
    code, said = stage.run()
    assert code == 0, said
    for label in ('01', '02'):
        assert tables(stage.out, label) == expected


def test_runs_for_different_people_at_once(struck, stages, faults, reference):
    stage = stages('both', 'two', warm_from=struck[0])
    # With the same output, and the same work folder.
    processes = [stage.begin('--participant-label', label) for label in ('01', '02')]
    for process in processes:
        code, said = stage.end(process)
        assert code == 0, said
    processes = [group(stage) for _ in range(2)]
    for process in processes:
        code, said = stage.end(process)
        assert code == 0, said
    rows = (stage.out / 'group_potter.tsv').read_text().splitlines()
    assert [row.split('\t')[0] for row in rows] == ['participant_id', 'sub-01', 'sub-02']
    assert len((stage.out / 'group_counts.tsv').read_text().splitlines()) == 13
    assert tables(stage.out, '01') == tables(stage.out, '02')
    assert [path for path in stage.out.rglob('.*') if faults.is_temporary(path)] == []


def group(stage):
    words = [stage.command[0], '-m', 'pvs_workflow.cli.run', 'nowhere', 'out', 'group']
    return type(stage)(stage.folder, words).begin()


def test_runs_for_the_same_person_at_once(stages, faults, peace, reference):
    stage = stages('same', warm_from=peace)
    first = stage.begin()
    stage.wait_for('logs/.sub-01.running', first)
    held = json.loads((stage.out / 'logs' / '.sub-01.running').read_text())
    code, said = stage.run(work='another')
    assert code == 1
    assert f'sub-01: left to run {held["run"]} (process {first.pid} on ' in said
    assert f'which uses {stage.out / "logs"}, expected one run at a time' in said
    # Where it has long ended, the other run is not a matter of the output folder.
    if first.poll() is None:
        code, said = stage.run(out='another-out')
        assert first.poll() is not None or (code == 1 and f'which uses {stage.work}' in said)
    code, said = stage.end(first)
    assert code == 0, said
    assert faults.compare(stage.out, reference) == []
    (record,) = stage.out.glob('sub-01/figures/*_provenance.json')
    runs = json.loads(record.read_text())['runs']
    assert [run['facts']['run'] for run in runs] == [held['run']]


def test_a_run_that_was_suspended_does_not_go_on_in_what_is_no_longer_its_own(
    stages, faults, peace, reference
):
    stage = stages('suspended', warm_from=peace)
    process = stage.begin()
    stage.wait_for('sub-01/figures/*_provenance.json', process)
    os.killpg(process.pid, signal.SIGSTOP)
    # As if of another machine, which nobody can look at from here.
    claim = stage.out / 'logs' / '.sub-01.running'
    facts = json.loads(claim.read_text())
    for path in (claim, *stage.work.glob('.*.running')):
        path.write_text(json.dumps(facts | {'process': '00000000-1-1'}))
    code, said = stage.run()
    assert code == 0, said
    os.killpg(process.pid, signal.SIGCONT)
    code, said = stage.end(process)
    assert code == 1
    assert 'taken over by another run while this one was suspended' in said
    assert faults.compare(stage.out, reference) == []


def test_sequential_run_that_is_killed_leaves_no_process(stages, peace, faults, reference):
    stage = stages('alone', warm_from=peace)
    process = stage.begin('--nprocs', '1')
    stage.wait_for('sub-01/anat/*.nii.gz', process)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    deadline = time.monotonic() + 10
    while faults.members(process.pid):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    code, said = stage.run('--nprocs', '1')
    assert code == 0, said
    # The command, which the page tells, is another one.
    assert tables(stage.out, '01') == tables(peace.out, '01')


def test_the_app_says_how_to_go_on(stages, peace):
    stage = stages('asked', warm_from=peace)
    process = stage.begin()
    stage.wait_for(1, process)
    process.send_signal(signal.SIGTERM)
    code, said = stage.end(process)
    assert code == 143
    assert said.splitlines()[-1] == (
        'terminated; the same command with the same work folder resumes'
    )
    words = [sys.executable, '-m', 'pvs_workflow.cli.run', '--help']
    done = subprocess.run(words, capture_output=True, text=True, timeout=DEADLINE)
    assert '143  terminated' in done.stdout
