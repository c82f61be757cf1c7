"""Reports and citations without processing: ``--reports-only``, ``--boilerplate-only``."""

import json
import subprocess
import sys

import pytest

from pvs_workflow.report.page import write_subject_page
from pvs_workflow.report.provenance import RunRecord, save_run
from tests.builders.results import save_result

FACTS = {'version': '9.8.7', 'command': 'pvs_workflow the first command', 'seed': 4}


def run(*arguments, cwd):
    return subprocess.run(
        [sys.executable, '-W', 'error', '-m', 'pvs_workflow.cli.run', *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=cwd,
    )


@pytest.fixture
def results(tmp_path):
    """Return an output folder with results and reports of two participants."""
    out = tmp_path / 'out'
    for label in ('01', '02'):
        stem = save_result(out, label).name
        save_run(out, label, RunRecord(FACTS, {stem: ''}))
        write_subject_page(out, label)
    return out


def pages(out):
    return {path.name: path.read_bytes() for path in out.glob('*.html')}


def test_rebuilt_reports_are_identical_without_raw_data(results, tmp_path):
    before = pages(results)
    assert b'the first command' in before['sub-01.html']
    for name in before:
        (results / name).unlink()
    process = run('nowhere', 'out', 'participant', '--reports-only', cwd=tmp_path)
    assert process.returncode == 0, process.stderr
    assert process.stdout == ''
    assert pages(results) == before
    assert not (tmp_path / 'work').exists()


def test_only_the_requested_reports_are_rebuilt(results, tmp_path):
    for name in pages(results):
        (results / name).unlink()
    options = ['--reports-only', '--participant-label', '02']
    assert run('nowhere', 'out', 'participant', *options, cwd=tmp_path).returncode == 0
    assert list(pages(results)) == ['sub-02.html']


def test_a_rebuilt_report_shows_a_new_result(results, tmp_path):
    save_result(results, '01', qc='review', reasons=('something new',))
    run('nowhere', 'out', 'participant', '--reports-only', cwd=tmp_path)
    assert b'something new' in pages(results)['sub-01.html']


@pytest.mark.parametrize(
    ('labels', 'code', 'message'),
    [
        (['09'], 18, 'no results for 09; choose from 01, 02'),
        (['01', '09'], 1, 'sub-09: no results in '),
    ],
)
def test_participants_without_results_are_reported(results, tmp_path, labels, code, message):
    options = ['--reports-only', '--participant-label', *labels]
    process = run('nowhere', 'out', 'participant', *options, cwd=tmp_path)
    assert process.returncode == code
    assert message in process.stderr
    assert 'Traceback' not in process.stderr


def test_reports_cannot_be_rebuilt_without_results(tmp_path):
    process = run('nowhere', 'out', 'participant', '--reports-only', cwd=tmp_path)
    assert process.returncode == 66
    assert 'run without --reports-only first' in process.stderr
    assert not (tmp_path / 'out').exists()


def test_the_methods_text_is_written_without_processing(make_dataset, tmp_path):
    folder = make_dataset('sub-01_T2w.nii.gz', 'sub-01_T1w.nii.gz')
    options = ['--boilerplate-only', '--no-bias-correction', '--random-seed', '5']
    process = run(folder, 'out', 'participant', *options, cwd=tmp_path)
    assert process.returncode == 0, process.stderr
    out = tmp_path / 'out'
    texts = {path.suffix: path.read_text() for path in (out / 'logs').glob('CITATION.*')}
    assert sorted(texts) == ['.bib', '.html', '.md']
    for suffix in ('.md', '.html'):
        assert 'The T1w was registered rigidly' in texts[suffix]
        assert 'The FLAIR was' not in texts[suffix]
        assert 'The T2w was not corrected' in texts[suffix]
        assert 'The random seed was 5.' in texts[suffix]
    assert '@article{chae2024,' in texts['.bib']
    assert 'tustison2010' not in texts['.bib']
    assert not list(out.glob('sub-*'))
    assert not (tmp_path / 'work').exists()
    description = json.loads((out / 'dataset_description.json').read_text())
    assert description['GeneratedBy'][0]['Name'] == 'pvs_workflow'


@pytest.mark.parametrize(
    ('level', 'options', 'message'),
    [
        ('group', ['--reports-only'], '--reports-only is available only at the participant level'),
        (
            'group',
            ['--boilerplate-only'],
            '--boilerplate-only is available only at the participant level',
        ),
        ('participant', ['--boilerplate-only', '--reports-only'], 'not allowed with'),
    ],
)
def test_incompatible_options_are_refused(tmp_path, level, options, message):
    process = run('bids', 'out', level, *options, cwd=tmp_path)
    assert process.returncode == 2
    assert message in process.stderr
