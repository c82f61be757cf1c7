"""Names of image files: which of them can be trusted to say whose image it is."""

import re
from collections.abc import Iterable

SUFFIXES = ('T2w', 'T1w', 'FLAIR')

MAX_NAME = 200
"""Maximum length of a file name; results have up to 45 characters more, file systems take 255."""

_ENTITY = r'[a-z]+-[0-9A-Za-z+]+'
_NAME = re.compile(rf'(?P<entities>{_ENTITY}(_{_ENTITY})*)_({"|".join(SUFFIXES)})\.nii(\.gz)?')
_IMAGE = re.compile(rf'_({"|".join(SUFFIXES)})\.nii')
_FOLDER = re.compile(r'sub-[0-9A-Za-z+]+(/ses-[0-9A-Za-z+]+)?/anat')


def name_entities(stem: str) -> dict[str, str]:
    """Split a BIDS name into its entities.

    Examples
    --------
    >>> name_entities('sub-01_ses-a_run-2_desc-roi_T2w')
    {'sub': '01', 'ses': 'a', 'run': '2', 'desc': 'roi'}

    """
    return dict(part.split('-', 1) for part in stem.split('_') if '-' in part)


def is_in_place(file: str) -> bool:
    """Tell whether an image's path from the dataset's root on is a BIDS name in its place.

    A folder such as ``sub-01_old`` is nobody's: pybids would take what is in it for images of
    ``sub-01``.

    Examples
    --------
    >>> [
    ...     is_in_place(file)
    ...     for file in (
    ...         'sub-01/anat/sub-01_acq-a_T2w.nii.gz',
    ...         'sub-01.bak/anat/sub-01_T2w.nii.gz',
    ...         'sub-02/anat/sub-01_T2w.nii.gz',
    ...         'sub-01/ses-1/anat/sub-01_T2w.nii.gz',
    ...     )
    ... ]
    [True, False, False, False]

    """
    folder, _, name = file.rpartition('/')
    match = _NAME.fullmatch(name)
    if not match or len(name) > MAX_NAME or not _FOLDER.fullmatch(folder):
        return False
    entities = match['entities'].split('_')
    keys = {entity.partition('-')[0] for entity in entities}
    own = [entity for entity in entities if entity.startswith(('sub-', 'ses-'))]
    return own == folder.split('/')[:-1] and len(keys) == len(entities)


def find_misplaced(files: Iterable[str], folders: Iterable[str]) -> list[str]:
    """Return why some of what lies in ``anat`` is not read, one sentence each."""
    out = [
        f'the file {file!r} was not read, expected a BIDS name of its folder (entities of letters '
        f'and digits, each once) of at most {MAX_NAME} characters, received another'
        for file in files
        if _IMAGE.search(file.rpartition('/')[2]) and not is_in_place(file)
    ]
    out += [
        f'{folder} is a folder, expected an image file'
        for folder in folders
        if '_T2w.nii' in folder.rpartition('/')[2]
    ]
    return out
