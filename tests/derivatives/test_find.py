import os

import pytest

from pvs_workflow.derivatives.find import find_files

END = '_desc-potter_grade.tsv'
GOOD = f'sub-01/anat/sub-01{END}'
IN_SESSION = f'sub-02/ses-1/anat/sub-02_ses-1{END}'


@pytest.fixture
def out(tmp_path):
    for name in (GOOD, IN_SESSION):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()
    return tmp_path


def found(out, *arguments):
    files = find_files(out, (END,), *arguments)
    return [str(path.relative_to(out)) for path in files.paths], files


def test_files_with_and_without_sessions_are_found(out):
    paths, files = found(out)
    assert paths == [GOOD, IN_SESSION]
    assert (files.copies, files.problems) == ((), ())
    assert found(out, ['sub-02'])[0] == [IN_SESSION]
    assert found(out, ['sub-07'])[0] == []
    assert found(out / 'nowhere')[0] == []


@pytest.mark.parametrize(
    'name',
    [
        f'sub-01/anat/._sub-01{END}',
        f'sub-01/anat/.~lock.sub-01{END}#',
        f'sub-01/anat/~$sub-01{END}',
        'sub-01/anat/.nfs000000000001',
        'sub-01/anat/.DS_Store',
        'sub-01/anat/Thumbs.db',
        'sub-01/anat/desktop.ini',
        f'sub-01/anat/sub-01{END}~',
        f'sub-01/anat/sub-01{END}.bak',
        f'sub-01/._anat/sub-01{END}',
        f'._sub-01/anat/sub-01{END}',
        f'@eaDir/sub-01/anat/sub-01{END}',
        'sub-01.html',
        'sub-03',
    ],
)
def test_files_of_operating_systems_are_ignored(out, name):
    (out / name).parent.mkdir(parents=True, exist_ok=True)
    (out / name).touch()
    paths, files = found(out)
    assert paths == [GOOD, IN_SESSION]
    assert (files.copies, files.problems) == ((), ())


@pytest.mark.parametrize(
    'name',
    [
        'sub-01/anat/sub-01_desc-potter_grade (1).tsv',
        'sub-01/anat/sub-01_desc-potter_grade copy.tsv',
        'sub-01/anat/sub-01_desc-potter_grade - Copy.tsv',
        "sub-01/anat/sub-01_desc-potter_grade (Ann's conflicted copy 2024-01-31).tsv",
        'sub-01/anat/sub-01_desc-potter_grade-DESKTOP-1.tsv',
        'sub-01/anat/sub-01_desc-potter_grade.sync-conflict-20240131-1-A.tsv',
        f'sub-01/anat/Copy of sub-01{END}',
        f'sub-01 (1)/anat/sub-01{END}',
        f'sub-01_old/anat/sub-01{END}',
        f'sub-02/ses-1 copy/anat/sub-02_ses-1{END}',
        f'sub-02/anat/sub-01{END}',
    ],
)
def test_copies_are_listed_but_no_results(out, name):
    (out / name).parent.mkdir(parents=True, exist_ok=True)
    (out / name).touch()
    paths, files = found(out)
    assert paths == [GOOD, IN_SESSION]
    assert files.copies == (out / name,)


def test_a_folder_that_cannot_be_read_is_named_and_others_are_found(out, monkeypatch):
    scandir = os.scandir

    def refuse(folder):
        if str(folder).endswith('sub-01/anat'):
            raise PermissionError(13, 'Permission denied', str(folder))
        return scandir(folder)

    monkeypatch.setattr(os, 'scandir', refuse)
    paths, files = found(out)
    assert paths == [IN_SESSION]
    assert files.problems == (
        f'{out}/sub-01/anat cannot be read, its results are left out: Permission denied; '
        'check its permissions',
    )
