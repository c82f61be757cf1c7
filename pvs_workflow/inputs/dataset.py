"""Whether a folder is a BIDS dataset, whose images it holds, and what is in their folders."""

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pvs_workflow.errors import InvalidDatasetError, NoInputError, NoMatchError, one_line
from pvs_workflow.files import read_json

_LABEL = re.compile(r'[0-9A-Za-z+]+')


def check_dataset(bids_dir: Path) -> dict:
    """Return the dataset's description, if it describes a raw BIDS dataset.

    Raises
    ------
    InvalidDatasetError
        If the folder or its description is missing or malformed, or it is a derivative.

    """
    if not bids_dir.is_dir():
        raise InvalidDatasetError(
            f'{bids_dir} is not a BIDS dataset, expected a folder, received '
            f'{"a file" if bids_dir.exists() else "a path that does not exist"}'
        )
    path = bids_dir / 'dataset_description.json'
    try:
        description = read_json(path)
    except OSError as error:
        raise InvalidDatasetError(
            f'{bids_dir} is not a BIDS dataset, expected a dataset_description.json in it, '
            f'received: {error.strerror}'
        ) from error
    except ValueError as error:
        raise InvalidDatasetError(
            f'{path} is malformed, expected a JSON object, received: {error}'
        ) from error
    if not isinstance(description, dict) or not {'Name', 'BIDSVersion'} <= set(description):
        received = ', '.join(description) if isinstance(description, dict) else repr(description)
        raise InvalidDatasetError(
            f'{path} is incomplete, expected a JSON object with Name and BIDSVersion, received '
            f'{received or "an empty one"}'
        )
    if description.get('DatasetType', 'raw') == 'derivative':
        raise InvalidDatasetError(
            f'{bids_dir} holds derivatives, expected a raw BIDS dataset, received DatasetType '
            '"derivative"'
        )
    return description


def find_participants(
    bids_dir: Path, asked: Sequence[str]
) -> tuple[list[str], list[tuple[str, str]]]:
    """Return the participants that have a folder, and those asked for that have none.

    Raises
    ------
    NoMatchError
        If none of those asked for has a folder.
    NoInputError
        If none was asked for, and the dataset has no participants.

    """
    if asked:
        present = [
            label for label in asked if is_label(label) and (bids_dir / f'sub-{label}').is_dir()
        ]
        reason = 'not in the dataset, expected the label of one of its participants'
        absent = [label for label in asked if label not in set(present)]
        missing = [(label, one_line(f'sub-{label}: {reason}')) for label in absent]
    else:
        there = [path.name[4:] for path in sorted(bids_dir.glob('sub-*')) if path.is_dir()]
        present = [label for label in there if is_label(label)]
        missing = [(label, no_label('sub', label)) for label in there if not is_label(label)]
    if asked and not present:
        raise NoMatchError(
            f'{bids_dir} has none of the participants asked for, expected labels of its '
            f'participants, received {", ".join(asked)}'
        )
    if not present:
        raise NoInputError(
            f'{bids_dir} has no participants, expected at least one folder sub-<label>, received '
            'none'
        )
    return sorted(present, key=natural_key), missing


def is_label(text: str) -> bool:
    """Tell whether a text can be the label of a participant or session.

    Examples
    --------
    >>> [is_label(text) for text in ('01', 'a+b', '01.bak', '01_old', '')]
    [True, True, False, False, False]

    """
    return _LABEL.fullmatch(text) is not None


def no_label(key: str, label: str) -> str:
    """Return why the folder of a participant (``sub``) or session (``ses``) is not read."""
    return one_line(
        f'{key}-{label}: the folder was not read, expected a label of letters and digits after '
        f'{key}-, received {label!r}'
    )


def clean_labels(labels: Iterable[str], prefix: str) -> list[str]:
    """Return labels without their prefix, each once, in natural order.

    Examples
    --------
    >>> clean_labels(['sub-10', '2', 'sub-2'], 'sub-')
    ['2', '10']
    """
    return sorted({label.removeprefix(prefix) for label in labels}, key=natural_key)


def natural_key(text: str | None) -> tuple:
    """Return a sorting key by which 2 comes before 10, and nothing comes first.

    Examples
    --------
    >>> sorted(['10', 'b2', None, '2', 'b10'], key=natural_key)
    [None, '2', '10', 'b2', 'b10']
    """
    parts = re.findall(r'[0-9]+|[^0-9]+', text or '')
    # Numbers are compared by their length first, since int() takes no more than 4,300 digits.
    digits = [part.lstrip('0') if part.isascii() and part.isdecimal() else None for part in parts]
    numbers = [
        (1, 0, part) if number is None else (0, len(number), number)
        for part, number in zip(parts, digits, strict=True)
    ]
    return (*numbers, (-1, 0, text or ''))


@dataclass(frozen=True)
class Listing:
    """The content of a participant's folders.

    Attributes
    ----------
    sessions : tuple of str
        Labels in natural order.
    odd_sessions : tuple of str
        What follows ``ses-`` in the names of folders where it is no label; these are not read.
    files, folders : tuple of str
        The content of ``anat``, of all sessions: paths from the dataset's root on, sorted. Broken
        links are files.

    """

    sessions: tuple[str, ...]
    odd_sessions: tuple[str, ...]
    files: tuple[str, ...]
    folders: tuple[str, ...]


def list_participant(bids_dir: Path, participant: str) -> Listing:
    """List a participant's anatomical folders without pybids, which takes longer to load.

    What cannot be read is passed over.
    """
    root, subject = os.fspath(bids_dir), f'sub-{participant}'
    there = [name for name, is_folder in _entries(f'{root}/{subject}') if is_folder]
    found = sorted((name[4:] for name in there if name.startswith('ses-')), key=natural_key)
    sessions = [label for label in found if is_label(label)]
    odd = [label for label in found if not is_label(label)]
    files, folders = [], []
    for place in (subject, *(f'{subject}/ses-{session}' for session in sessions)):
        for name, is_folder in _entries(f'{root}/{place}/anat'):
            (folders if is_folder else files).append(f'{place}/anat/{name}')
    return Listing(tuple(sessions), tuple(odd), tuple(sorted(files)), tuple(sorted(folders)))


def _entries(folder: str) -> list[tuple[str, bool]]:
    """Return names, hidden ones left out, and whether each is a folder or a link to one."""
    try:
        with os.scandir(folder) as entries:
            return [(one.name, _is_folder(one)) for one in entries if one.name[0] != '.']
    except OSError:
        return []


def _is_folder(entry: os.DirEntry) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself, say
        return False
