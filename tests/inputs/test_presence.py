import os

import pytest

from pvs_workflow.inputs.presence import find_absent

IMAGE = 'sub-01/anat/sub-01_T2w.nii.gz'
OTHER = 'sub-02/anat/sub-02_T2w.nii.gz'


@pytest.fixture
def bids(tmp_path):
    path = tmp_path / IMAGE
    path.parent.mkdir(parents=True)
    path.touch()
    return tmp_path


def test_images_that_were_removed_are_absent(bids):
    assert find_absent(bids, [OTHER, IMAGE]) == [OTHER]
    (bids / 'sub-02').touch()
    assert find_absent(bids, [OTHER, IMAGE]) == [OTHER]


def test_a_link_that_is_not_fetched_is_present(bids):
    (bids / OTHER).parent.mkdir(parents=True)
    (bids / OTHER).symlink_to('../../.git/annex/objects/nothing')
    assert find_absent(bids, [OTHER]) == []


@pytest.mark.parametrize('image', ['../outside.nii.gz', '/outside.nii.gz', 'sub-\0', ''])
def test_paths_that_are_not_in_a_dataset_are_ignored(bids, image):
    assert find_absent(bids, [image]) == []


def test_nothing_is_known_without_a_raw_dataset(bids, tmp_path_factory):
    empty = tmp_path_factory.mktemp('empty')
    assert find_absent(None, [OTHER]) == []
    assert find_absent(empty, [OTHER]) == []
    assert find_absent(empty / 'nowhere', [OTHER]) == []
    (bids / 'dataset_description.json').write_text('{"DatasetType": "derivative"}')
    assert find_absent(bids, [OTHER]) == []


def test_nothing_is_known_about_an_unreadable_folder(bids, monkeypatch):
    def refuse(path):
        raise PermissionError(13, 'Permission denied', str(path))

    monkeypatch.setattr(os, 'lstat', refuse)
    assert find_absent(bids, [OTHER]) == []
