import json
import os
import shutil
import subprocess
import sys
import time

import pytest

from pvs_workflow.errors import InvalidDatasetError, PVSError
from pvs_workflow.inputs import validation
from pvs_workflow.inputs.validation import link_dataset, validating
from tests.places import REAL


def validate_dataset(folder, participants):
    with validating(folder, participants):
        pass


def test_a_valid_dataset_is_not_written_to(make_dataset):
    folder = make_dataset(
        'sub-01_ses-1_T2w.nii.gz', 'sub-01_ses-2_T1w.nii.gz', 'sub-02_ses-1_T2w.nii.gz'
    )

    def modification_times():
        return {path: path.lstat().st_mtime_ns for path in folder.rglob('*')}

    before = modification_times()
    validate_dataset(folder, ['01', '02'])
    assert modification_times() == before


def test_a_wrong_name_is_reported_for_requested_participants(make_dataset):
    folder = make_dataset('sub-01_T2w.nii.gz', 'sub-02_T2.nii.gz', 'sub-02_T2w.nii.gz')
    validate_dataset(folder, ['01'])
    with pytest.raises(InvalidDatasetError) as error:
        validate_dataset(folder, ['01', '02'])
    message = str(error.value)
    assert 'sub-02/anat/sub-02_T2.nii.gz' in message
    assert str(folder) in message
    assert 'pvs_workflow-' not in message
    assert '\n' not in message
    assert error.value.exit_code == 16


def test_metadata_at_the_top_level_is_validated(make_dataset):
    folder = make_dataset('sub-01_T2w.nii.gz')
    (folder / 'T2w.json').write_text(json.dumps({'EchoTime': 'long'}))
    with pytest.raises(InvalidDatasetError, match=r'T2w\.json|sub-01_T2w'):
        validate_dataset(folder, ['01'])


def test_rows_of_other_participants_do_not_matter(make_dataset):
    folder = make_dataset('sub-01_T2w.nii.gz', 'sub-02_T2w.nii.gz')
    rows = 'participant_id\tage', 'sub-01\t70', 'sub-02\tfour', 'sub-03\t70'
    (folder / 'participants.tsv').write_text('\n'.join(rows) + '\n')
    validate_dataset(folder, ['01'])
    with pytest.raises(InvalidDatasetError, match=r'participants\.tsv'):
        validate_dataset(folder, ['01', '02'])


@pytest.mark.parametrize(
    ('content', 'expected'),
    [
        (b'participant_id\tage\nsub-01\t1\nsub-010\t2\n', b'participant_id\tage\nsub-01\t1\n'),
        (
            b'\xef\xbb\xbfparticipant_id\r\nsub-02\r\nsub-01\r\n',
            b'\xef\xbb\xbfparticipant_id\r\nsub-01\r\n',
        ),
        (b'age\tparticipant_id\nsub-01\tsub-02\n3\n', b'age\tparticipant_id\n3\n'),
        (b'id\nsub-02\n', b'id\nsub-02\n'),
        (b'', b''),
        (b'\xff\n', b'\xff\n'),
    ],
)
def test_the_table_of_participants_is_shortened(make_dataset, tmp_path, content, expected):
    folder = make_dataset('sub-01_T2w.nii.gz')
    (folder / 'participants.tsv').write_bytes(content)
    link_dataset(folder, ['01'], tmp_path / 'links')
    assert (tmp_path / 'links' / 'participants.tsv').read_bytes() == expected
    assert (folder / 'participants.tsv').read_bytes() == content


def test_many_errors_are_counted(make_dataset):
    names = [f'sub-01_run-{n}_T2.nii.gz' for n in range(1, 7)]
    with pytest.raises(InvalidDatasetError, match=r'errors: 6 \(.* and 3 more'):
        validate_dataset(make_dataset(*names), ['01'])


def test_unreadable_images_are_left_to_the_run(make_dataset, make_image):
    damages = ('empty', 'garbage', 'truncated', 'link', '4d')
    folder = make_dataset('sub-01_T2w.nii.gz', *(f'sub-{name}_T2w.nii.gz' for name in damages))
    images = {name: folder / f'sub-{name}/anat/sub-{name}_T2w.nii.gz' for name in damages}
    images['empty'].write_bytes(b'')
    images['garbage'].write_bytes(b'no image')
    images['truncated'].write_bytes(images['truncated'].read_bytes()[:200])
    images['link'].unlink()
    images['link'].symlink_to('/nowhere/at/all')
    make_image(images['4d'], (3, 4, 5, 2))
    validate_dataset(folder, ['01', *damages])


def test_bidsignore_is_respected(make_dataset):
    folder = make_dataset('sub-01_T2w.nii.gz', 'sub-01_T2.nii.gz')
    (folder / '.bidsignore').write_text('*_T2.nii.gz\n')
    validate_dataset(folder, ['01'])


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
def test_cost_does_not_grow_with_the_dataset(make_dataset):
    folder = make_dataset('sub-0001_T2w.nii.gz')

    def seconds():
        start = time.perf_counter()
        validate_dataset(folder, ['0001'])
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
        'from pathlib import Path\n'
        'from pvs_workflow.inputs.validation import validating\n'
        'from pvs_workflow.errors import InvalidDatasetError\n'
        'try:\n'
        f'    with validating(Path({str(folder)!r}), ["01"]):\n'
        '        pass\n'
        'except InvalidDatasetError:\n'
        '    print("invalid")\n'
    )
    environment = {'PATH': '/usr/bin:/bin', 'HOME': '/nonexistent'}
    process = subprocess.run(
        ['unshare', '-n', sys.executable, '-c', code],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert process.stdout == 'invalid\n', process.stderr


def test_a_missing_validator_is_reported(make_dataset, monkeypatch):
    monkeypatch.setattr(validation, '_COMMAND', 'no-such-validator')
    with pytest.raises(PVSError, match='--skip-bids-validation'):
        validate_dataset(make_dataset('sub-01_T2w.nii.gz'), ['01'])


def test_a_validator_that_fails_is_reported(make_dataset, monkeypatch, tmp_path):
    command = tmp_path / 'broken-validator'
    command.write_text('#!/bin/sh\necho "cannot start" >&2\nexit 3\n')
    command.chmod(0o755)
    monkeypatch.setattr(validation, '_COMMAND', str(command))
    with pytest.raises(PVSError, match='exit code 3: cannot start'):
        validate_dataset(make_dataset('sub-01_T2w.nii.gz'), ['01'])


@pytest.mark.real
@pytest.mark.skipif(not REAL.is_dir(), reason=f'no real scans in {REAL} (PVS_REAL_DATA)')
def test_real_scans_are_a_valid_dataset():
    validate_dataset(REAL, ['01', '03', '04'])


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
