"""The command as users run it, up to where the graph begins, and the engine on small graphs."""

import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pvs_workflow.settings import Settings
from tests.builders.results import save_result

TINY = Path(__file__).with_name('tiny_graph.py')


def run(*arguments, cwd, **options):
    """Run the command in a process of its own."""
    return subprocess.run(
        [sys.executable, '-W', 'error', '-m', 'pvs_workflow.cli.run', *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=cwd,
        **options,
    )


def complaint(done):
    """Return the one line that a failed command says."""
    assert 'Traceback' not in done.stderr
    assert done.stdout == ''
    lines = [line for line in done.stderr.splitlines() if line != 'validating the dataset']
    assert len(lines) == 1, done.stderr
    return lines[0]


BAD_INPUTS = {
    'no folder': (16, 'does not exist', [], None),
    'no description': (16, 'expected a dataset_description.json', ['sub-01_T2w.nii.gz'], None),
    'unknown participant': (18, 'received 99', ['sub-01_T2w.nii.gz'], ['99']),
    'no T2w': (66, 'has no T2w image', ['sub-01_T1w.nii.gz'], None),
    'no participants': (66, 'has no participants', [], None),
    'wrong name': (16, 'sub-01_T2.nii.gz', ['sub-01_T2w.nii.gz', 'sub-01_T2.nii.gz'], None),
}


@pytest.mark.parametrize('case', BAD_INPUTS)
def test_bad_input_ends_in_one_sentence_and_its_code(make_dataset, tmp_path, case):
    code, said, names, labels = BAD_INPUTS[case]
    folder = make_dataset(*names)
    if case == 'no folder':
        shutil.rmtree(folder)
    if case == 'no description':
        (folder / 'dataset_description.json').unlink()
    options = ['--participant-label', *labels] if labels else []
    model = Path(__file__).parent
    if case == 'wrong name':
        model = 'unused'
    done = run(folder, 'out', 'participant', *options, '--model', model, cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert said in complaint(done)


def test_session_that_nobody_has(make_dataset, tmp_path):
    folder = make_dataset('sub-01_ses-1_T2w.nii.gz')
    done = run(folder, 'out', 'participant', '--session-label', '9', cwd=tmp_path)
    assert done.returncode == 18
    assert 'session 9' in complaint(done)


def test_malformed_filter_file(make_dataset, tmp_path):
    (tmp_path / 'filters.json').write_text('{')
    folder = make_dataset('sub-01_T2w.nii.gz')
    done = run(folder, 'out', 'participant', '--bids-filter-file', 'filters.json', cwd=tmp_path)
    assert done.returncode == 1
    assert 'filters.json is malformed' in complaint(done)


@pytest.mark.parametrize('where', ['output', 'work'])
def test_unwritable_folder(make_dataset, tmp_path, where):
    (tmp_path / 'file').write_text('')
    out = 'file/out' if where == 'output' else 'out'
    work = 'file/work' if where == 'work' else 'work'
    folder = make_dataset('sub-01_T2w.nii.gz')
    done = run(folder, out, 'participant', '-w', work, cwd=tmp_path)
    assert done.returncode == 1
    assert 'file' in complaint(done)


def test_missing_model(make_dataset, tmp_path):
    folder = make_dataset('sub-01_T2w.nii.gz')
    options = ['--model', 'nowhere', '--skip-bids-validation']
    done = run(folder, 'out', 'participant', *options, cwd=tmp_path)
    assert done.returncode == 1
    assert 'nowhere' in done.stderr.splitlines()[-1]
    assert 'Traceback' not in done.stderr


def test_nothing_is_written_for_what_is_no_dataset(tmp_path):
    run(tmp_path / 'nowhere', 'out', 'participant', cwd=tmp_path)
    assert not (tmp_path / 'out').exists()


def test_output_of_another_pipeline_is_left_alone(make_dataset, tmp_path):
    folder = make_dataset('sub-01_T2w.nii.gz')
    description = tmp_path / 'out' / 'dataset_description.json'
    description.parent.mkdir()
    description.write_text('{"Name": "other", "GeneratedBy": [{"Name": "fMRIPrep"}]}')
    before = description.read_bytes()
    done = run(folder, 'out', 'participant', cwd=tmp_path)
    assert done.returncode == 1
    assert "received 'other'" in complaint(done)
    assert description.read_bytes() == before


def test_every_run_leaves_its_description_settings_and_log(make_dataset, tmp_path):
    folder = make_dataset('sub-01_T1w.nii.gz', DatasetDOI='doi:10.1/x')
    done = run(folder, 'out', 'participant', '--random-seed', '5', cwd=tmp_path)
    out = tmp_path / 'out'
    description = json.loads((out / 'dataset_description.json').read_text())
    assert description['DatasetType'] == 'derivative'
    assert description['GeneratedBy'][0]['Name'] == 'pvs_workflow'
    assert description['GeneratedBy'][0]['Version']
    assert description['SourceDatasets'] == [{'URL': folder.as_uri(), 'DOI': 'doi:10.1/x'}]
    assert description['DatasetLinks'] == {'raw': folder.as_uri()}
    assert (out / '.bidsignore').is_file()
    (settings,) = (Settings.from_toml(path) for path in (out / 'logs').glob('*.toml'))
    assert (settings.random_seed, settings.bids_dir) == (5, folder)
    log = (out / 'logs' / f'{settings.run_id}.log').read_text()
    assert complaint(done) in log


def test_description_has_no_time_in_it(make_dataset, tmp_path):
    folder = make_dataset('sub-01_T1w.nii.gz')
    path = tmp_path / 'out' / 'dataset_description.json'
    contents = set()
    for _ in range(2):
        run(folder, 'out', 'participant', cwd=tmp_path)
        contents.add(path.read_bytes())
    assert len(contents) == 1


def test_group_without_results(tmp_path):
    (tmp_path / 'out').mkdir()
    done = run('nowhere', 'out', 'group', cwd=tmp_path)
    assert done.returncode == 66
    assert 'run the participant level first' in complaint(done)
    assert list((tmp_path / 'out').iterdir()) == []


def test_group_needs_no_dataset_and_no_sound_table_of_people(tmp_path):
    save_result(tmp_path / 'out', '01')
    done = run('nowhere', 'out', 'group', cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (tmp_path / 'bids').mkdir()
    (tmp_path / 'bids' / 'participants.tsv').write_text('age\n70\n')
    done = run('bids', 'out', 'group', cwd=tmp_path)
    assert done.returncode == 0
    assert '(it was not used)' in done.stderr
    assert 'Traceback' not in done.stderr
    assert (tmp_path / 'out' / 'group_potter.html').is_file()


@pytest.fixture
def tiny(tmp_path):
    """Run a small graph; return the process and what it made of the scans."""

    def call(case, *options):
        done = subprocess.run(
            [sys.executable, '-W', 'error', TINY, case, tmp_path, *options],
            capture_output=True,
            text=True,
            timeout=240,
        )
        path = tmp_path / 'outcome.json'
        return done, json.loads(path.read_text()) if path.exists() else None

    return call


def steps_run(folder):
    return sorted(line.split()[0] for line in (folder / 'runs.txt').read_text().splitlines())


ALL = ['sub-01', 'sub-02', 'sub-03', 'sub-04']
OTHERS = ['sub-01', 'sub-03', 'sub-04']


@pytest.mark.slow
def test_engine_runs_all_and_resumes(tiny, tmp_path):
    done, outcome = tiny('fine', 'graph')
    assert (done.returncode, outcome['done'], outcome['failed']) == (0, ALL, {})
    assert outcome['heavy'] == []
    assert done.stdout == ''
    lines = done.stderr.splitlines()
    assert lines[-1].startswith('8 of 8 steps, sub-0')
    logs = tmp_path / 'out' / 'logs'
    assert 'a worker talks' in (logs / 'run_workers.log').read_text()
    assert 'sub_01_wf' in (logs / 'graph.dot').read_text()
    assert len(steps_run(tmp_path)) == 4
    done, outcome = tiny('fine')
    assert (done.returncode, outcome['done']) == (0, ALL)
    assert len(steps_run(tmp_path)) == 4


@pytest.mark.slow
def test_a_resumed_scan_does_not_wait_for_another(tiny, tmp_path):
    """Its next step starts when the one before is up to date, whoever is busy meanwhile."""
    assert tiny('wait')[0].returncode == 0
    for step in ('sub_01_wf/last', 'sub_02_wf/first'):
        shutil.rmtree(tmp_path / 'work/pvs_wf' / step)
    (tmp_path / 'out/sub-01/anat/sub-01_desc-potter_grade.tsv').unlink()
    done, outcome = tiny('wait')
    assert (done.returncode, outcome['done']) == (0, ALL)
    assert steps_run(tmp_path).count('sub_01') == 1
    assert steps_run(tmp_path).count('sub_02') == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ('case', 'said'),
    [
        ('killed', 'sub-02: step first did not end, its process was killed'),
        ('image-error', 'sub-02: x.nii.gz is 4D, expected 3 dimensions, received 4'),
        ('bug', "sub-02: step first failed with KeyError: 'nobody saw this coming'"),
        ('missing-result', 'sub-02: all steps ended but '),
    ],
)
def test_one_failure_does_not_stop_the_others(tiny, tmp_path, case, said):
    done, outcome = tiny(case)
    assert done.returncode == 1
    assert outcome['done'] == OTHERS
    assert list(outcome['failed']) == ['sub-02']
    assert outcome['failed']['sub-02'].startswith(said)
    assert '\n' not in outcome['failed']['sub-02']
    assert 'Traceback' not in done.stderr
    if case == 'bug':
        crash_file = outcome['failed']['sub-02'].rpartition('all of it in ')[2].rstrip(')')
        assert 'nobody saw this coming' in Path(crash_file).read_text()


@pytest.mark.slow
def test_later_graphs_are_run_in_the_same_workers(tiny, tmp_path):
    done, outcome = tiny('bug', 'few')
    assert outcome['done'] == OTHERS
    assert list(outcome['failed']) == ['sub-02']
    assert ' of about 8 steps, sub-02 first, failed' in done.stderr
    lines = (tmp_path / 'runs.txt').read_text().splitlines()
    assert len(lines) == 4
    assert len({line.split()[1] for line in lines}) <= 2


@pytest.mark.slow
@pytest.mark.parametrize('options', [('stop',), ('stop', 'few')])
def test_a_stopped_run_has_no_success_by_accident(tiny, tmp_path, options):
    """Not even where an earlier run has left a result."""
    for label in ('01', '02', '03', '04'):
        path = tmp_path / f'out/sub-{label}/anat/sub-{label}_desc-potter_grade.tsv'
        path.parent.mkdir(parents=True)
        path.write_text('from an earlier run')
    done, outcome = tiny('image-error', *options)
    assert done.returncode == 1
    assert '4D' in outcome['failed']['sub-02']
    rest = {name: text for name, text in outcome['failed'].items() if name != 'sub-02'}
    assert rest
    assert all('was stopped before' in text for text in rest.values())
    assert set(outcome['done']) | set(outcome['failed']) == set(ALL)


@pytest.mark.slow
@pytest.mark.parametrize(
    ('sent', 'code'), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)]
)
def test_no_worker_outlives_the_run(tmp_path, sent, code):
    process = subprocess.Popen(
        [sys.executable, TINY, 'slow', tmp_path],
        stderr=subprocess.PIPE,
        text=True,
        # Whoever runs tests in the background has them ignore Ctrl-C, which is inherited.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    runs = tmp_path / 'runs.txt'
    deadline = time.monotonic() + 120
    while not runs.exists() or len(runs.read_text().splitlines()) < 2:
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.2)
    workers = [int(line.split()[1]) for line in runs.read_text().splitlines()]
    process.send_signal(sent)
    errors = process.communicate(timeout=180)[1]
    assert process.returncode == code
    deadline = time.monotonic() + 10
    while any(is_alive(worker) for worker in workers):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    if code > 0:
        assert 'Traceback' not in errors
        assert 'resumes' in errors


def is_alive(pid):
    """Tell whether a process runs; one that waits to be reaped does not."""
    try:
        return Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[0] != 'Z'
    except FileNotFoundError:
        return False


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
