"""Names of image files: which of them can be trusted to say whose image it is."""

import re
from pathlib import Path

SUFFIXES = ('T2w', 'T1w', 'FLAIR')

LONGEST = 200
"""Characters of a file name. Results have up to 45 more, and no file may have more than 255."""

_ENTITY = r'[a-z]+-[0-9A-Za-z+]+'
_NAME = re.compile(rf'(?P<entities>{_ENTITY}(_{_ENTITY})*)_({"|".join(SUFFIXES)})\.nii(\.gz)?')
_IMAGE = re.compile(rf'_({"|".join(SUFFIXES)})\.nii')
_FOLDER = re.compile(r'sub-[0-9A-Za-z+]+(/ses-[0-9A-Za-z+]+)?/anat')


def is_in_place(path: Path, bids_dir: Path) -> bool:
    """Tell whether an image's name is a BIDS name that belongs where it is.

    A folder such as ``sub-01_old`` is nobody's: pybids would take what is in it for images of
    ``sub-01``.

    Parameters
    ----------
    path : Path
        Inside ``bids_dir``.
    bids_dir : Path

    Examples
    --------
    >>> dataset = Path('/data')
    >>> [
    ...     is_in_place(dataset / place, dataset)
    ...     for place in (
    ...         'sub-01/anat/sub-01_acq-a_T2w.nii.gz',
    ...         'sub-01.bak/anat/sub-01_T2w.nii.gz',
    ...         'sub-02/anat/sub-01_T2w.nii.gz',
    ...         'sub-01/ses-1/anat/sub-01_T2w.nii.gz',
    ...     )
    ... ]
    [True, False, False, False]

    """
    folder = path.parent.relative_to(bids_dir)
    match = _NAME.fullmatch(path.name)
    if not match or len(path.name) > LONGEST or not _FOLDER.fullmatch(folder.as_posix()):
        return False
    entities = match['entities'].split('_')
    keys = [entity.partition('-')[0] for entity in entities]
    own = [entity for entity in entities if entity.startswith(('sub-', 'ses-'))]
    return own == list(folder.parts[:-1]) and len(set(keys)) == len(keys)


def find_misplaced(bids_dir: Path, participant: str) -> list[str]:
    """Return why images of a participant's folders are not read, one sentence each.

    Parameters
    ----------
    bids_dir : Path
    participant : str
        Label without ``sub-``.

    """
    subject = bids_dir / f'sub-{participant}'
    out = []
    for folder in (subject / 'anat', *sorted(subject.glob('ses-*/anat'))):
        if not (folder.is_dir() and _FOLDER.fullmatch(folder.relative_to(bids_dir).as_posix())):
            continue
        for path in sorted(path for path in folder.iterdir() if _IMAGE.search(path.name)):
            if not is_in_place(path, bids_dir):
                out.append(
                    f'the file {str(path.relative_to(bids_dir))!r} was not read, expected a BIDS '
                    'name of its folder (entities of letters and digits, each once) of at most '
                    f'{LONGEST} characters, received another'
                )
            elif path.match('*_T2w.nii*') and path.is_dir():
                out.append(f'{path} is a folder, expected an image file')
    return out
