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
    ('content', 'said'),
    [
        (None, 'expected a dataset_description.json'),
        ('{', 'malformed'),
        ('[]', 'incomplete'),
        ('{"Name": "x"}', 'received Name'),
        ('{"Name": "x", "BIDSVersion": "1.10.0", "DatasetType": "derivative"}', 'derivative'),
    ],
)
def test_not_a_dataset(make_dataset, content, said):
    folder = make_dataset('sub-01_T2w.nii.gz')
    description = folder / 'dataset_description.json'
    description.unlink()
    if content is not None:
        description.write_text(content)
    with pytest.raises(InvalidDatasetError, match=said) as error:
        collect_scans(folder)
    assert error.value.exit_code == 16
    assert str(folder) in str(error.value)


def test_no_folder(tmp_path):
    with pytest.raises(InvalidDatasetError, match='does not exist'):
        collect_scans(tmp_path / 'nowhere')
    (tmp_path / 'file').write_text('')
    with pytest.raises(InvalidDatasetError, match='received a file'):
        collect_scans(tmp_path / 'file')


def test_a_dataset_is_returned_with_its_description(make_dataset):
    assert check_dataset(make_dataset('sub-01_T2w.nii.gz'))['Name'] == 'tiny'


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
    with pytest.raises(NoMatchError, match='received 7'):
        find_participants(folder, ['7'])
    with pytest.raises(NoInputError, match='no participants'):
        find_participants(folder / 'sub-2', [])


@pytest.mark.parametrize('label', ['', 'a_b', 'a-b', 'a/b', '..', 'ä', 'a\n'])
def test_labels_are_letters_and_digits(label):
    assert not is_label(label)
    assert is_label('01aZ+')


def test_labels_are_unique_and_in_natural_order():
    assert clean_labels(['ses-b', 'b', '10', 'ses-9', ''], 'ses-') == ['', '9', '10', 'b']


def test_numbers_of_any_length_are_put_in_order():
    names = ['9' * 5000, '1' + '0' * 5000, '010', '9']
    assert sorted(names, key=natural_key) == ['9', '010', '9' * 5000, '1' + '0' * 5000]
