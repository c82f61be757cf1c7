"""Explain files that look like a T2w but are not read as one, and what to do about them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from pvs_workflow.inputs.names import MAX_NAME, SUFFIXES, is_in_place

_PARTS = re.compile(r'(?P<entities>sub-[^_]*(?:_[a-z]+-[^_]*)*)_(?P<rest>[^/]*)', re.DOTALL)
_VALID = re.compile(rf'.*_({"|".join(SUFFIXES)})\.nii(\.gz)?', re.DOTALL)
_OTHER_CONTRAST = re.compile(r'flair|t1', re.IGNORECASE)
_IMAGE = re.compile(
    r'\.(nii|hdr|img|mg[hz]|mha|mhd|mnc|nrrd|nhdr|dcm|ima|par|rec|gz|bz2|xz|zip)\b', re.IGNORECASE
)
_DICOM_FILE = re.compile(r'\.(dcm|ima)$', re.IGNORECASE)
_DICOM_FOLDER = re.compile(r'dicom|dcm', re.IGNORECASE)


@dataclass(frozen=True)
class _Kind:
    """A kind of near miss: names that it matches, what is wrong, and what to do.

    ``strength`` is 2 for names that were clearly meant to be a T2w, 1 for others.
    """

    pattern: re.Pattern
    fault: str
    cure: str
    strength: int = 2


def _kind(pattern: str, fault: str, cure: str, strength: int = 2) -> _Kind:
    return _Kind(re.compile(pattern, re.IGNORECASE | re.DOTALL), fault, cure, strength)


_KINDS = (
    _kind(
        r'.*t2w?.*\.(part|partial|filepart|crdownload|download|incomplete|aria2|te?mp)',
        'is an unfinished copy',
        'copy it again',
    ),
    _kind(r'.*PDT2.*', 'also holds proton density', 'save its T2w as {target}', 1),
    _kind(
        r'.*t2[-_ ]?(\*|star|s[-_.w]|map|mw).*', 'is not a T2-weighted scan', 'give {target}', 1
    ),
    _kind(r't2w\.nii(\.gz)?', 'has wrong capital letters', 'rename it to {target}'),
    _kind(
        r'.*t2w_*dup-?\d+.*',
        'is a duplicate that heudiconv named',
        'if it is the right one, rename it to {target}',
    ),
    _kind(r'.*t2w[-_ ]?0*(?P<run>\d+)\.nii(\.gz)?', 'is numbered', 'rename it to {numbered}'),
    _kind(
        r'.*t2w.*\.(hdr|img|mg[hz]|mha|mhd|mnc|nrrd|nhdr|par|rec|nii\.(bz2|xz|zip|zst|7z))(\.gz)?',
        'is not .nii or .nii.gz',
        'convert it to {target}',
    ),
    _kind(r'.*t2w.*', 'is not a BIDS name', 'rename it to {target}'),
    _kind(r'.*t2.*', 'is not a BIDS name', 'if it is the T2w, name it {target}', 1),
    _kind(r'.*', 'is DICOM', 'convert it to {target}', 1),
)


@dataclass(frozen=True)
class NearMiss:
    """A file or folder that looks like a T2w.

    Attributes
    ----------
    file : str
        Path relative to the dataset.
    fault, cure : str
        What is wrong with it, and what to do.
    strength : int
        2 if it was clearly meant to be a T2w, else 1.
    rank : int
        Position among the kinds; the first is the most likely one.

    """

    file: str
    fault: str
    cure: str
    strength: int
    rank: int

    @property
    def sentence(self) -> str:
        """A sentence on the file: its fault and the cure."""
        return f'{self.file} {self.fault}; {self.cure}'


def find_near_misses(files: Iterable[str], folders: Iterable[str], parent: str) -> list[NearMiss]:
    """Return the near misses among the content of a session, the most likely ones first.

    Parameters
    ----------
    files, folders : iterable of str
        Paths relative to the dataset.
    parent : str
        Folder of the session relative to the dataset.

    """
    found = [_explain(file, parent, is_folder=False) for file in files]
    found += [_explain(folder, parent, is_folder=True) for folder in folders]
    return sorted(
        (one for one in found if one), key=lambda one: (-one.strength, one.rank, one.file)
    )


def find_misnamed(files: Iterable[str]) -> list[str]:
    """Return the T1w and FLAIR among files whose name does not fit their folder."""
    return [
        file
        for file in files
        if re.search(r'_(T1w|FLAIR)\.nii', file.rpartition('/')[2]) and not is_in_place(file)
    ]


def _explain(file: str, parent: str, *, is_folder: bool) -> NearMiss | None:
    folder, _, name = file.rpartition('/')
    is_dicom = (_DICOM_FOLDER if is_folder else _DICOM_FILE).search(name)
    if 't2' not in name.lower() and not is_dicom:
        return None
    match = _PARTS.fullmatch(name)
    named, rest = (match['entities'], match['rest']) if match else ('', name)
    is_t2 = 't2' in rest.lower() and not _OTHER_CONTRAST.search(rest)
    is_image = is_folder or _IMAGE.search(rest)
    # Files with a valid name are found as images; these are derived or phase images.
    if is_in_place(file) or not ((is_t2 and is_image) or is_dicom):
        return None
    prefix = parent.replace('/', '_')
    if f'{named}_'.startswith(f'{prefix}_'):
        prefix = named
    target = f'{prefix}_T2w.nii.gz'
    if is_folder:
        if '.nii' in rest:
            return NearMiss(file, 'is a folder instead of a file', 'give the file', 2, 0)
        return NearMiss(file, 'is a folder', f'convert its images to {target}', 1, len(_KINDS))
    if _VALID.fullmatch(name):
        place = f'{parent}/anat'
        if folder != place:
            return NearMiss(file, f'is not in {place}', 'move it there', 2, 0)
        if len(name) > MAX_NAME:
            return NearMiss(file, f'exceeds {MAX_NAME} characters', 'rename it', 2, 0)
        if prefix != named:
            return NearMiss(file, 'has the name of another place', f'rename it to {target}', 2, 0)
    if folder != f'{parent}/anat' and folder != parent and 't2w' not in rest.lower():
        return None
    for rank, kind in enumerate(_KINDS, start=1):
        if found := kind.pattern.fullmatch(rest):
            number = found.groupdict().get('run')
            names = {'target': target, 'numbered': f'{prefix}_run-{number}_T2w.nii.gz'}
            return NearMiss(file, kind.fault, kind.cure.format(**names), kind.strength, rank)
    return None
