"""Parse and check the BIDS names of image files."""

import re

SUFFIXES = ('T2w', 'T1w', 'FLAIR')

MAX_NAME = 200
"""Maximum length of a file name; results add up to 45 characters, file systems allow 255."""

_ENTITY = r'[a-z]+-[0-9A-Za-z+]+'
_NAME = re.compile(rf'(?P<entities>{_ENTITY}(_{_ENTITY})*)_({"|".join(SUFFIXES)})\.nii(\.gz)?')
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
    """Return whether an image has a BIDS name that matches its folders.

    Images in a folder such as ``sub-01_old`` are rejected; pybids would assign them to
    ``sub-01``.

    Parameters
    ----------
    file : str
        Path of the image relative to the dataset.

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
    labels = [entity for entity in entities if entity.startswith(('sub-', 'ses-'))]
    return labels == folder.split('/')[:-1] and len(keys) == len(entities)
