import json
import logging
import os
import shutil
import subprocess
import sys
import time

import pytest

from pvs_workflow.inputs import validation
from pvs_workflow.inputs.validation import link_dataset, validating
from tests.places import REAL


@pytest.fixture
def validate(caplog):
    """Return a function that returns the warning and the logged errors of a dataset."""
    caplog.set_level(logging.DEBUG, 'pvs_workflow')

    def call(folder, participants):
        caplog.clear()
        with validating(folder, participants):
            pass
        warnings = [one.getMessage() for one in caplog.records if one.levelname == 'WARNING']
        assert len(warnings) <= 1
        errors = [one.getMessage() for one in caplog.records if one.levelname == 'DEBUG']
        return ''.join(warnings), errors

    return call


def test_a_valid_dataset_is_not_written_to(make_dataset, validate):
    folder = make_dataset(
        'sub-01_ses-1_T2w.nii.gz', 'sub-01_ses-2_T1w.nii.gz', 'sub-02_ses-1_T2w.nii.gz'
    )

    def modification_times():
        return {path: path.lstat().st_mtime_ns for path in folder.rglob('*')}

    before = modification_times()
    assert validate(folder, ['01', '02']) == ('', [])
    assert modification_times() == before


def test_a_wrong_name_of_a_requested_participant_is_one_warning(make_dataset, validate):
    folder = make_dataset('sub-01_T2w.nii.gz', 'sub-02_T2.nii.gz', 'sub-02_T2w.nii.gz')
    assert validate(folder, ['01']) == ('', [])
    warning, errors = validate(folder, ['01', '02'])
    assert warning == (
        'the BIDS validator reports errors, which do not stop the run: 1 × NOT_INCLUDED; '
        'the log file lists them'
    )
    (error,) = errors
    assert error == 'BIDS validator: sub-02/anat/sub-02_T2.nii.gz: NOT_INCLUDED'


def test_metadata_at_the_top_level_are_validated(make_dataset, validate):
    folder = make_dataset('sub-01_T2w.nii.gz')
    (folder / 'T2w.json').write_text(json.dumps({'EchoTime': 'long'}))
    warning, errors = validate(folder, ['01'])
    assert ' × JSON_SCHEMA_VALIDATION_ERROR' in warning
    assert 'EchoTime' in errors[0]


def test_rows_of_other_participants_do_not_matter(make_dataset, validate):
    folder = make_dataset('sub-01_T2w.nii.gz', 'sub-02_T2w.nii.gz')
    rows = 'participant_id\tage', 'sub-01\t70', 'sub-02\tfour', 'sub-03\t70'
    (folder / 'participants.tsv').write_text('\n'.join(rows) + '\n')
    assert validate(folder, ['01']) == ('', [])
    warning, errors = validate(folder, ['01', '02'])
    assert '1 × TSV_VALUE_INCORRECT_TYPE' in warning
    assert errors == ["BIDS validator: participants.tsv: TSV_VALUE_INCORRECT_TYPE age 'four'"]


@pytest.mark.parametrize(
    ('content', 'expected'),
    [
        (b'participant_id\tage\nsub-01\t1\nsub-010\t2\n', b'participant_id\tage\nsub-01\t1\n'),
        (
            b'\xef\xbb\xbfparticipant_id\r\nsub-02\r\nsub-01\r\n',
            b'participant_id\nsub-01\n',
        ),
        (b'age\tparticipant_id\nsub-01\tsub-02\n3\n', b'age\tparticipant_id\n3\n'),
        (b'id\nsub-02\n', b'id\nsub-02\n'),
        (b'', b''),
        (b'\xff\n', '\xff\n'.encode()),
        ('participant_id\nsub-02\nsub-01'.encode('utf-16'), b'participant_id\nsub-01\n'),
    ],
)
def test_the_table_of_participants_is_shortened(make_dataset, tmp_path, content, expected):
    folder = make_dataset('sub-01_T2w.nii.gz')
    (folder / 'participants.tsv').write_bytes(content)
    link_dataset(folder, ['01'], tmp_path / 'links')
    assert (tmp_path / 'links' / 'participants.tsv').read_bytes() == expected
    assert (folder / 'participants.tsv').read_bytes() == content


def test_errors_are_counted_by_code(make_dataset, validate):
    folder = make_dataset(*[f'sub-01_run-{n}_T2.nii.gz' for n in range(1, 7)])
    (folder / 'T2w.json').write_text('{')
    warning, errors = validate(folder, ['01'])
    assert ': 6 × NOT_INCLUDED, 1 × JSON_INVALID, 1 × SIDECAR_WITHOUT_DATAFILE;' in warning
    assert len(errors) == 8 and errors == sorted(errors)


def test_unreadable_images_are_left_to_the_run(make_dataset, make_image, validate):
    damages = ('empty', 'garbage', 'truncated', 'link', '4d')
    folder = make_dataset('sub-01_T2w.nii.gz', *(f'sub-{name}_T2w.nii.gz' for name in damages))
    images = {name: folder / f'sub-{name}/anat/sub-{name}_T2w.nii.gz' for name in damages}
    images['empty'].write_bytes(b'')
    images['garbage'].write_bytes(b'no image')
    images['truncated'].write_bytes(images['truncated'].read_bytes()[:200])
    images['link'].unlink()
    images['link'].symlink_to('/nowhere/at/all')
    make_image(images['4d'], (3, 4, 5, 2))
    warning, _ = validate(folder, ['01', *damages])
    assert ': 1 × EMPTY_FILE, 1 × SYMLINK_BROKEN;' in warning


def test_bidsignore_is_respected(make_dataset, validate):
    folder = make_dataset('sub-01_T2w.nii.gz', 'sub-01_T2.nii.gz')
    (folder / '.bidsignore').write_text('*_T2.nii.gz\n')
    assert validate(folder, ['01']) == ('', [])


def test_only_the_requested_participants_are_linked(make_dataset, tmp_path):
    folder = make_dataset('sub-01_ses-1_T2w.nii.gz', 'sub-1_T2w.nii.gz', 'sub-10_T2w.nii.gz')
    (folder / 'sub-1' / 'func').mkdir()
    (folder / 'sub-1' / 'sub-1_scans.tsv').write_text('filename\nfunc/x.nii.gz\n')
    link_dataset(folder, ['1'], tmp_path / 'links')
    links = {str(p.relative_to(tmp_path / 'links')) for p in (tmp_path / 'links').rglob('*')}
    assert links == {
        'README',
        'dataset_description.json',
        'sub-1',
        'sub-1/anat',
        'sub-1/anat/sub-1_T2w.nii.gz',
    }


@pytest.mark.slow
def test_cost_does_not_grow_with_the_dataset(make_dataset, validate):
    folder = make_dataset('sub-0001_T2w.nii.gz')

    def seconds():
        start = time.perf_counter()
        validate(folder, ['0001'])
        return time.perf_counter() - start

    alone = min(seconds() for _ in range(2))
    image = (folder / 'sub-0001' / 'anat' / 'sub-0001_T2w.nii.gz').read_bytes()
    for number in range(2, 1002):
        anat = folder / f'sub-{number:04}' / 'anat'
        anat.mkdir(parents=True)
        (anat / f'sub-{number:04}_T2w.nii.gz').write_bytes(image)
    assert min(seconds() for _ in range(2)) < 2 * alone + 0.5


def test_validation_works_without_home_and_network(make_dataset, monkeypatch):
    if shutil.which('unshare') is None or subprocess.run(['unshare', '-n', 'true']).returncode:
        pytest.skip('needs the right to make a network namespace')
    folder = make_dataset('sub-01_T2.nii.gz')
    code = (
        'import logging; logging.basicConfig()\n'
        'from pathlib import Path\n'
        'from pvs_workflow.inputs.validation import validating\n'
        f'with validating(Path({str(folder)!r}), ["01"]):\n'
        '    pass\n'
    )
    environment = {'PATH': '/usr/bin:/bin', 'HOME': '/nonexistent'}
    process = subprocess.run(
        ['unshare', '-n', sys.executable, '-c', code],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert '1 × NOT_INCLUDED' in process.stderr


def test_a_missing_validator_is_a_warning(make_dataset, monkeypatch, validate):
    monkeypatch.setattr(validation, '_COMMAND', 'no-such-validator')
    warning, _ = validate(make_dataset('sub-01_T2w.nii.gz'), ['01'])
    assert 'the BIDS validator failed, so the dataset is not validated' in warning
    assert "No such file or directory: 'no-such-validator'" in warning
    assert '--skip-bids-validation' in warning


@pytest.mark.parametrize(
    ('script', 'message'),
    [
        ('printf "\ncannot start\nat line 3" >&2; exit 3', ': exit code 3, cannot start;'),
        ('exit 0', ': exit code 0, no message;'),
        ('sleep 600', ' timed out after '),
    ],
    ids=['crash', 'silence', 'hang'],
)
def test_a_validator_that_fails_is_a_warning(
    make_dataset, monkeypatch, tmp_path, validate, script, message
):
    command = tmp_path / 'broken-validator'
    command.write_text(f'#!/bin/sh\n{script}\n')
    command.chmod(0o755)
    monkeypatch.setattr(validation, '_COMMAND', str(command))
    monkeypatch.setattr(validation, '_MAX_SECONDS', 0.5)
    assert message in validate(make_dataset('sub-01_T2w.nii.gz'), ['01'])[0]


def test_an_error_of_the_block_is_not_hidden(make_dataset):
    with pytest.raises(KeyError), validating(make_dataset('sub-01_T2w.nii.gz'), ['01']):
        raise KeyError('other')


def test_folders_that_cannot_be_read_are_not_validated(make_dataset, tmp_path, monkeypatch):
    folder = make_dataset('sub-01_T2w.nii.gz', 'sub-02_T2w.nii.gz')
    original = type(folder).iterdir

    def iterdir(path):
        if path == folder / 'sub-01':
            raise PermissionError(13, 'Permission denied')
        return original(path)

    monkeypatch.setattr(type(folder), 'iterdir', iterdir)
    link_dataset(folder, ['01', '02'], tmp_path / 'links')
    assert (tmp_path / 'links' / 'sub-02/anat/sub-02_T2w.nii.gz').exists()


def test_a_temporary_folder_that_cannot_be_made_is_a_warning(make_dataset, monkeypatch, validate):
    def full(*args, **options):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(validation.tempfile, 'TemporaryDirectory', full)
    assert 'No space left' in validate(make_dataset('sub-01_T2w.nii.gz'), ['01'])[0]


@pytest.mark.real
@pytest.mark.skipif(not REAL.is_dir(), reason=f'no real scans in {REAL} (PVS_REAL_DATA)')
def test_real_scans_are_a_valid_dataset(validate):
    assert validate(REAL, ['01', '03', '04']) == ('', [])


def test_the_validator_sees_no_pipes_and_devices(make_dataset, tmp_path):
    folder = make_dataset('sub-01_T2w.nii.gz')
    (folder / 'participants.tsv').unlink(missing_ok=True)
    os.mkfifo(folder / 'participants.tsv')
    (folder / 'README.md').symlink_to('/dev/zero')
    (folder / 'sub-01/anat/sub-01_T2w.json').symlink_to('nowhere')
    link_dataset(folder, ['01'], tmp_path / 'linked')
    names = {path.name for path in (tmp_path / 'linked').rglob('*')}
    assert not names & {'participants.tsv', 'README.md'}
    assert {'sub-01_T2w.json', 'sub-01_T2w.nii.gz', 'dataset_description.json'} <= names
