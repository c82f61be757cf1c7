"""The real app, disturbed by kills, changed input and other runs.

Every disturbed run gives a message and the right exit code, leaves no half-written file and does
not affect other participants. A rerun gives the same bytes as an undisturbed run.
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

FAR_FUTURE = 4_000_000_000
"""Time in the year 2096, seconds since 1970."""


def test_a_repeatedly_killed_run_resumes(stages, faults, reference):
    stage = stages('killed')
    kills = [
        faults.Kill(0, kind, wait) for kind, wait in (('step', 0.5), ('write', 0), ('page', 0))
    ]
    hits, n_compared = faults.kill_repeatedly(
        stage.command, stage.folder, kills, reference, random.Random(5)
    )
    assert [kill.problems for kill in hits] == [[] for _ in hits]
    assert all(kill.survived for kill in hits)
    assert len(hits) >= 2
    assert n_compared >= len(reference)


def test_the_benchmark_detects_wrong_output(undisturbed, faults, reference, tmp_path):
    """A benchmark that cannot fail would be useless."""
    out = tmp_path / 'out'
    shutil.copytree(undisturbed.out, out)
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


def test_a_touched_input_is_not_processed_again(
    stages, faults, undisturbed, reference, shared_folder
):
    stage = stages('touched', warm_from=undisturbed)
    t2w = shared_folder / 'one/sub-01/anat/sub-01_T2w.nii'
    before = t2w.stat()
    results = {path: path.stat().st_mtime_ns for path in work_results(undisturbed)}
    try:
        # A time in the future, as from a machine with a wrong clock.
        os.utime(t2w, (FAR_FUTURE, FAR_FUTURE))
        code, output = stage.run()
        assert code == 0, output
        os.utime(t2w, (0, 0))
        code, output = stage.run()
        assert code == 0, output
    finally:
        os.utime(t2w, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert faults.compare(stage.out, reference) == []
    assert {path: path.stat().st_mtime_ns for path in work_results(undisturbed)} == results


def work_results(stage):
    """Return nipype's result files of steps that only compute."""
    names = ('conform_t2w', 'register_affine', 'warp_template', 'run_cascade')
    paths = [path for name in names for path in stage.work.rglob(f'{name}/result_*.pklz')]
    assert len(paths) == len(names)
    return paths


def test_a_changed_input_of_equal_size_and_time_is_processed_again(
    stages, faults, undisturbed, reference, shared_folder
):
    stage = stages('changed', warm_from=undisturbed)
    shutil.copytree(undisturbed.out, stage.out)
    t2w = shared_folder / 'one/sub-01/anat/sub-01_T2w.nii'
    before, content = t2w.stat(), t2w.read_bytes()
    image = nb.load(t2w)
    try:
        empty = nb.Nifti1Image(np.zeros(image.shape, image.get_data_dtype()), None, image.header)
        t2w.write_bytes(empty.to_bytes())
        os.utime(t2w, ns=(before.st_atime_ns, before.st_mtime_ns))
        after = t2w.stat()
        assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)
        code, output = stage.run()
    finally:
        t2w.write_bytes(content)
        os.utime(t2w, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert code == 1
    assert 'it is empty (every voxel has the value 0)' in output
    assert list(stage.out.glob('sub-01/anat/*_grade.tsv')) == []
    # The earlier result is still there.
    (retired,) = stage.out.glob('sub-01/log/*/sub-01_desc-potter_grade.tsv')
    assert retired.read_bytes() == reference[f'sub-01/anat/{retired.name}']
    code, output = undisturbed.run()
    assert code == 0, output
    assert faults.compare(undisturbed.out, reference) == []


@pytest.fixture(scope='module')
def killed_worker(stages):
    """Kill a worker in a run of two participants, as the kernel does when memory runs out.

    Return the stage, the exit code and the output.
    """
    stage = stages('killed-worker', 'two')
    process = stage.begin()
    stage.wait_for(2, process)
    deadline = time.monotonic() + DEADLINE
    while ', failed' not in process.output.read_text():
        # Killing an idle worker has no effect.
        assert process.poll() is None and time.monotonic() < deadline
        if workers := sorted(workers_of(process.pid), key=resident):
            os.kill(workers[-1], signal.SIGKILL)
        time.sleep(2)
    return stage, *stage.end(process)


def workers_of(pid):
    pids = []
    for child in Path(f'/proc/{pid}/task/{pid}/children').read_text().split():
        try:
            command = Path(f'/proc/{child}/cmdline').read_text()
        except OSError:
            continue
        if 'spawn_main' in command:
            pids.append(int(child))
    return pids


def resident(pid):
    try:
        return int(Path(f'/proc/{pid}/statm').read_text().split()[1])
    except (OSError, IndexError):
        return 0


def tables(out, label):
    """Return a participant's tables, relabelled as those of sub-01."""
    name = f'sub-{label}'
    return {
        path.name.replace(name, 'sub-01'): path.read_bytes().replace(name.encode(), b'sub-01')
        for path in (out / name / 'anat').glob('*.tsv')
    }


def test_a_killed_worker_affects_only_its_participant(killed_worker, faults, reference):
    stage, code, output = killed_worker
    assert code == 1
    expected = {
        Path(name).name: content
        for name, content in reference.items()
        if name.startswith('sub-01/anat/') and name.endswith('.tsv')
    }
    messages = re.findall('^sub-(0[12]): step .* failed: (.*)$', output, re.M)
    assert messages
    failed = {label for label, _ in messages}
    for _, message in messages:
        assert 'its process was killed, probably out of memory' in message
        assert 'lower --nprocs or --mem' in message
        assert 'rerun' in message
    for label in {'01', '02'} - failed:
        assert tables(stage.out, label) == expected
    for label in failed:
        assert not list(stage.out.glob(f'sub-{label}/anat/*_grade.tsv'))
        assert 'probably out of memory' in (stage.out / f'sub-{label}.html').read_text()
    assert [path for path in stage.out.rglob('.*') if faults.is_temporary(path)] == []
    code, output = stage.run()
    assert code == 0, output
    for label in ('01', '02'):
        assert tables(stage.out, label) == expected


def test_simultaneous_runs_of_different_participants(killed_worker, stages, faults, reference):
    stage = stages('both', 'two', warm_from=killed_worker[0])
    # Both runs share the output and work folders.
    processes = [stage.begin('--participant-label', label) for label in ('01', '02')]
    for process in processes:
        code, output = stage.end(process)
        assert code == 0, output
    processes = [group(stage) for _ in range(2)]
    for process in processes:
        code, output = stage.end(process)
        assert code == 0, output
    rows = (stage.out / 'group_potter.tsv').read_text().splitlines()
    assert [row.split('\t')[0] for row in rows] == ['participant_id', 'sub-01', 'sub-02']
    assert len((stage.out / 'group_counts.tsv').read_text().splitlines()) == 13
    assert tables(stage.out, '01') == tables(stage.out, '02')
    assert [path for path in stage.out.rglob('.*') if faults.is_temporary(path)] == []


def group(stage):
    words = [stage.command[0], '-m', 'pvs_workflow.cli.run', 'nowhere', 'out', 'group']
    return type(stage)(stage.folder, words).begin()


def test_simultaneous_runs_of_the_same_participant(stages, faults, undisturbed, reference):
    stage = stages('same', warm_from=undisturbed)
    first = stage.begin()
    stage.wait_for('logs/.sub-01.running', first)
    owner = json.loads((stage.out / 'logs' / '.sub-01.running').read_text())
    code, output = stage.run(work='another')
    assert code == 1
    assert f'sub-01: locked by run {owner["run"]} (process {first.pid} on ' in output
    assert f' in {stage.out / "logs"}; rerun when that run has ended' in output
    # The first run may already have ended.
    if first.poll() is None:
        code, output = stage.run(out='another-out')
        assert first.poll() is not None or (code == 1 and f' in {stage.work}; rerun' in output)
    code, output = stage.end(first)
    assert code == 0, output
    assert faults.compare(stage.out, reference) == []
    (record,) = stage.out.glob('sub-01/figures/*_provenance.json')
    runs = json.loads(record.read_text())['runs']
    assert [run['facts']['run'] for run in runs] == [owner['run']]


def test_a_suspended_run_does_not_continue_after_another_took_over(
    stages, faults, undisturbed, reference
):
    stage = stages('suspended', warm_from=undisturbed)
    process = stage.begin()
    stage.wait_for('sub-01/figures/*_provenance.json', process)
    os.killpg(process.pid, signal.SIGSTOP)
    # Make the run look like one on another machine.
    lock = stage.out / 'logs' / '.sub-01.running'
    facts = json.loads(lock.read_text())
    turns = stage.out.glob('logs/.*.turn')
    for path in (lock, *turns, *stage.work.glob('.*.running')):
        path.write_text(json.dumps(facts | {'process': '00000000-1-1'}))
    code, output = stage.run()
    assert code == 0, output
    os.killpg(process.pid, signal.SIGCONT)
    code, output = stage.end(process)
    assert code == 1
    assert 'taken over by another run while this one was suspended' in output
    assert faults.compare(stage.out, reference) == []


def test_a_killed_sequential_run_leaves_no_process(stages, undisturbed, faults, reference):
    stage = stages('alone', warm_from=undisturbed)
    process = stage.begin('--nprocs', '1')
    stage.wait_for('sub-01/anat/*.nii.gz', process)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    deadline = time.monotonic() + 10
    while faults.members(process.pid):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    code, output = stage.run('--nprocs', '1')
    assert code == 0, output
    # The report shows another command, so only the tables are compared.
    assert tables(stage.out, '01') == tables(undisturbed.out, '01')


def test_the_app_says_how_to_resume(stages, undisturbed):
    stage = stages('asked', warm_from=undisturbed)
    process = stage.begin()
    stage.wait_for(1, process)
    process.send_signal(signal.SIGTERM)
    code, output = stage.end(process)
    assert code == 143
    assert output.splitlines()[-1] == (
        'terminated; rerun the same command with the same work folder to resume'
    )
    words = [sys.executable, '-m', 'pvs_workflow.cli.run', '--help']
    completed = subprocess.run(words, capture_output=True, text=True, timeout=DEADLINE)
    assert '143  terminated' in completed.stdout
