"""Only what a run reads can stop somebody; everything else is one warning."""

import json
import logging

import pytest

from pvs_workflow.inputs import check_dataset, collect_scans
from pvs_workflow.inputs.validation import validating
from tests.builders.execution import run_command

HEADER = 'participant_id\tage\tsex\n'
OLD = HEADER + 'sub-good\t71\tF\nsub-old\t93\tM\n'
FILES = {
    'an age of 93': ({'participants.tsv': OLD}, '1 × TSV_VALUE_INCORRECT_TYPE'),
    'an age of 90+ and no age': (
        {'participants.tsv': HEADER + 'sub-good\tNA\tF\nsub-old\t90+\tM\n'},
        '1 × TSV_VALUE_INCORRECT_TYPE',
    ),
    'sexes in German': (
        {'participants.tsv': HEADER + 'sub-good\t71\tw\nsub-old\t80\tm\n'},
        '1 × TSV_VALUE_INCORRECT_TYPE',
    ),
    'a level that is not described': (
        {
            'participants.tsv': 'participant_id\tgroup\nsub-good\t1\nsub-old\t3\n',
            'participants.json': json.dumps({'group': {'Levels': {'1': 'control'}}}),
        },
        '1 × TSV_VALUE_INCORRECT_TYPE',
    ),
    'a table that does not begin with the participant': (
        {'participants.tsv': 'age\tparticipant_id\n71\tsub-good\n80\tsub-old\n'},
        '1 × TSV_COLUMN_ORDER_INCORRECT',
    ),
    'a table in UTF-16': ({'participants.tsv': OLD.encode('utf-16')}, 'TSV_VALUE_INCORRECT_TYPE'),
    'a table in Windows-1252': (
        {'participants.tsv': b'participant_id\tsite\nsub-good\tK\xf6ln\nsub-old\tBonn\n'},
        '',
    ),
    'a table with commas': (
        {'participants.tsv': 'participant_id,age\nsub-good,71\n'},
        'TSV_COLUMN_MISSING',
    ),
    'a sidecar of text for numbers': (
        {'sub-good/anat/sub-good_T2w.json': '{"EchoTime": "81 ms", "FlipAngle": "n/a"}'},
        'JSON_SCHEMA_VALIDATION_ERROR',
    ),
    'a sidecar that is not JSON': (
        {'sub-good/anat/sub-good_T2w.json': "{'EchoTime': 0.08}"},
        'JSON_INVALID',
    ),
    'files of other programs': (
        {'notes.docx': 'x', 'Thumbs.db': 'x', 'sub-good/anat/old.nii': 'x', 'sub-good/x.txt': 'x'},
        '4 × NOT_INCLUDED',
    ),
    'a description of little': (
        {'dataset_description.json': '{"Name": "mine"}'},
        '1 × JSON_KEY_REQUIRED',
    ),
    'a description that is not JSON': (
        {'dataset_description.json': '{"Name": "mine",}'},
        '1 × JSON_INVALID',
    ),
}


@pytest.mark.parametrize('case', FILES)
def test_other_files_stop_no_participant(make_dataset, caplog, case):
    folder = make_dataset('sub-good_T2w.nii.gz', 'sub-old_T2w.nii.gz')
    files, counts = FILES[case]
    for name, content in files.items():
        text = content if isinstance(content, bytes) else content.encode('utf-8')
        (folder / name).write_bytes(text)
    with caplog.at_level(logging.DEBUG, 'pvs_workflow'), validating(folder, ['good', 'old']):
        check_dataset(folder)
    selection = collect_scans(folder)
    assert [scan.participant for scan in selection.scans] == ['good', 'old']
    assert selection.missing == ()
    warnings = [one.getMessage() for one in caplog.records if one.levelno == logging.WARNING]
    assert len(warnings) == bool(counts)
    assert all(counts in warning for warning in warnings)


def test_one_line_is_printed_and_the_rest_is_in_the_log(make_dataset, tmp_path):
    folder = make_dataset('sub-01_T2w.nii.gz', 'sub-02_T2w.nii.gz', 'sub-02_T2.nii.gz')
    rows = 'sub-1\t95\tF\nsub-02\t99\tx\n'
    (folder / 'participants.tsv').write_text(HEADER + rows)
    process = run_command(folder, 'out', 'participant', '--boilerplate-only', cwd=tmp_path)
    assert process.returncode == 0, process.stderr
    lines = process.stderr.splitlines()
    counts = '2 × TSV_VALUE_INCORRECT_TYPE, 1 × NOT_INCLUDED, 1 × PARTICIPANT_ID_MISMATCH'
    assert [line for line in lines if 'BIDS validator' in line] == [
        f'the BIDS validator reports errors, which do not stop the run: {counts}; the log file '
        'lists them'
    ]
    assert [line for line in lines if 'participants.tsv' in line] == [
        f'{folder}/participants.tsv: no row for sub-01, but unmatched rows: sub-1 (like sub-01)'
    ]
    (log,) = (tmp_path / 'out' / 'logs').glob('*.log')
    text = log.read_text()
    assert text.count('DEBUG BIDS validator: ') == 4
    assert 'sub-02/anat/sub-02_T2.nii.gz: NOT_INCLUDED' in text
    assert "participants.tsv: TSV_VALUE_INCORRECT_TYPE age '99'" in text
    assert text.count('WARNING ') == 2


def test_a_dataset_without_description_is_read_with_a_warning(make_dataset, tmp_path):
    folder = make_dataset('sub-01_T2w.nii.gz')
    (folder / 'dataset_description.json').unlink()
    options = ('--boilerplate-only', '--skip-bids-validation')
    process = run_command(folder, 'out', 'participant', *options, cwd=tmp_path)
    assert process.returncode == 0, process.stderr
    warning = 'dataset_description.json was not read (No such file or directory)'
    assert process.stderr.count(warning) == 1
