import subprocess
import sys
import time

import pytest

from pvs_workflow.errors import InvalidDatasetError, NoInputError, NoMatchError
from pvs_workflow.inputs import collect_scans
from pvs_workflow.inputs.dataset import (
    check_dataset,
    clean_labels,
    find_participants,
    is_label,
    natural_key,
)


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (None, 'no usable dataset_description.json and no folders sub-<label>; give the root'),
        ('{', 'no usable dataset_description.json and no folders sub-<label>; give the root'),
        ('{"DatasetType": "derivative"}', 'holds derivatives; give the raw BIDS dataset'),
    ],
)
def test_a_folder_that_is_not_a_raw_dataset_is_refused(make_dataset, content, message):
    folder = make_dataset()
    description = folder / 'dataset_description.json'
    description.unlink()
    if content is not None:
        description.write_text(content)
    with pytest.raises(InvalidDatasetError, match=message) as error:
        collect_scans(folder)
    assert error.value.exit_code == 16
    assert str(folder) in str(error.value)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(InvalidDatasetError, match='does not exist'):
        collect_scans(tmp_path / 'nowhere')
    (tmp_path / 'file').write_text('')
    with pytest.raises(InvalidDatasetError, match='is a file; give the folder'):
        collect_scans(tmp_path / 'file')


@pytest.mark.parametrize(
    ('content', 'reason'),
    [
        (None, 'was not read (No such file or directory)'),
        (b'{"Name": "x",', 'was not read ('),
        (b'', 'was not read ('),
        (b'{}', ''),
        (b'[]', ''),
        (b'{"Name": "x"}', ''),
        (b'\xef\xbb\xbf{"Name": "x", "BIDSVersion": "1.10.0"}', ''),
        (b'{"Name": "K\xf6ln"}', ''),
    ],
)
def test_a_poor_description_does_not_stop_a_run(make_dataset, content, reason):
    folder = make_dataset('sub-01_T2w.nii.gz')
    description = folder / 'dataset_description.json'
    description.unlink()
    if content is not None:
        description.write_bytes(content)
    warning = check_dataset(folder)
    assert reason in warning if reason else warning == ''
    assert [scan.participant for scan in collect_scans(folder).scans] == ['01']
    filters = {'t2w': {'subject': '01'}}
    assert [scan.participant for scan in collect_scans(folder, filters=filters).scans] == ['01']


def test_derivatives_are_recognised_in_any_encoding(make_dataset):
    folder = make_dataset('sub-01_T2w.nii.gz')
    text = '{"Name": "Köln", "DatasetType": "derivative"}'
    for encoding in ('utf-8-sig', 'utf-16', 'latin-1'):
        (folder / 'dataset_description.json').write_bytes(text.encode(encoding))
        with pytest.raises(InvalidDatasetError, match='holds derivatives'):
            check_dataset(folder)


def test_participants_are_folders_with_a_label(make_dataset):
    folder = make_dataset('sub-2_T2w.nii.gz', 'sub-10_T2w.nii.gz')
    (folder / 'sub-01.bak').mkdir()
    (folder / 'sub-3').write_text('')
    present, missing = find_participants(folder, [])
    assert present == ['2', '10']
    assert [label for label, _ in missing] == ['01.bak']
    present, missing = find_participants(folder, ['10', '3', '../x'])
    assert present == ['10']
    assert [label for label, _ in missing] == ['3', '../x']
    with pytest.raises(NoMatchError, match='has no participant 7'):
        find_participants(folder, ['7'])
    with pytest.raises(NoInputError, match='has no participants'):
        find_participants(folder / 'sub-2', [])


@pytest.mark.parametrize('label', ['', 'a_b', 'a-b', 'a/b', '..', 'ä', 'a\n'])
def test_labels_are_letters_and_digits(label):
    assert not is_label(label)
    assert is_label('01aZ+')


def test_labels_are_unique_and_in_natural_order():
    assert clean_labels(['ses-b', 'b', '10', 'ses-9', ''], 'ses-') == ['', '9', '10', 'b']


def test_numbers_of_any_length_are_sorted():
    names = ['9' * 5000, '1' + '0' * 5000, '010', '9']
    assert sorted(names, key=natural_key) == ['9', '010', '9' * 5000, '1' + '0' * 5000]


def test_folders_above_the_dataset_do_not_matter(make_dataset, tmp_path):
    """pybids takes the first subject label in the whole path."""
    above = tmp_path / 'sub-study' / 'anat' / 'ses-all'
    above.mkdir(parents=True)
    make_dataset('sub-01_T2w.nii.gz').rename(above / 'bids')
    (scan,) = collect_scans(above / 'bids').scans
    assert (scan.participant, scan.session, scan.prefix) == ('01', None, 'sub-01')


def test_pybids_is_loaded_only_when_needed(make_dataset):
    folder = make_dataset('sub-01_T2w.nii.gz')
    code = (
        'import sys; from pvs_workflow.inputs import collect_scans\n'
        'collect_scans(sys.argv[1])\n'
        'print(sorted({"bids", "sqlalchemy", "pandas", "numpy"} & set(sys.modules)))\n'
    )
    process = subprocess.run(
        [sys.executable, '-c', code, folder], capture_output=True, text=True, check=True
    )
    assert process.stdout.strip() == '[]'


@pytest.mark.slow
def test_thousands_of_participants_take_seconds(make_dataset):
    folder = make_dataset('sub-0001_T2w.nii.gz')
    for number in range(2, 3001):
        anat = folder / f'sub-{number:04}' / 'anat'
        anat.mkdir(parents=True)
        for suffix in ('T2w', 'T1w', 'FLAIR'):
            (anat / f'sub-{number:04}_{suffix}.nii.gz').touch()
    start = time.perf_counter()
    assert len(collect_scans(folder).scans) == 3000
    # pybids would take over 15 s.
    assert time.perf_counter() - start < 4
