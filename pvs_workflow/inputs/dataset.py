"""Check a BIDS dataset, and list its participants and their anatomical folders."""

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from pvs_workflow.errors import InvalidDatasetError, NoInputError, NoMatchError, one_line
from pvs_workflow.files import read_json

_LABEL = re.compile(r'[0-9A-Za-z+]+')


def check_dataset(bids_dir: Path) -> str:
    """Check that a folder is a raw BIDS dataset, as far as is needed to read it.

    The description of the dataset may be missing, malformed or incomplete.

    Returns
    -------
    str
        Why the description was not read; empty otherwise.

    Raises
    ------
    InvalidDatasetError
        If the folder is missing, holds derivatives, or has neither a description nor participants.

    """
    if not bids_dir.is_dir():
        raise InvalidDatasetError(
            f'{bids_dir} {"is a file" if bids_dir.exists() else "does not exist"}; '
            'give the folder of a BIDS dataset'
        )
    path = bids_dir / 'dataset_description.json'
    try:
        description = read_json(path)
    except (FileNotFoundError, PermissionError, ValueError) as error:
        if not any(bids_dir.glob('sub-*')):
            raise InvalidDatasetError(
                f'{bids_dir} has no usable dataset_description.json and no folders sub-<label>; '
                'give the root of a BIDS dataset'
            ) from error
        reason = error.strerror if isinstance(error, OSError) else error
        return one_line(f'{path} was not read ({reason}); the folder is taken for raw data')
    except OSError as error:
        raise InvalidDatasetError(
            f'{path} cannot be read: {error.strerror}; replace it by a JSON file'
        ) from error
    if isinstance(description, dict) and description.get('DatasetType') == 'derivative':
        raise InvalidDatasetError(f'{bids_dir} holds derivatives; give the raw BIDS dataset')
    return ''


def find_participants(
    bids_dir: Path, requested: Sequence[str]
) -> tuple[list[str], list[tuple[str, str]]]:
    """Return the participants that have a folder, and those that do not.

    Parameters
    ----------
    bids_dir : Path
    requested : sequence of str
        Labels without their prefix; all participants of the dataset if empty.

    Returns
    -------
    present : list of str
        Labels in natural order.
    missing : list of (str, str)
        Other labels, and why each cannot be used.

    Raises
    ------
    NoMatchError
        If participants are requested and none of them has a folder.
    NoInputError
        If no participants are requested and the dataset has none.

    """
    labels = _participant_labels(bids_dir)
    if requested:
        present = [label for label in requested if is_label(label) and label in labels]
        absent = [label for label in requested if label not in set(present)]
        missing = [(label, one_line(f'sub-{label}: not in the dataset')) for label in absent]
    else:
        present = [label for label in labels if is_label(label)]
        bad = [label for label in labels if not is_label(label)]
        missing = [(label, explain_bad_label('sub', label)) for label in bad]
    if requested and not present:
        raise NoMatchError(
            f'{bids_dir} has no participant {" or ".join(requested)}; check --participant-label'
        )
    if not present:
        raise NoInputError(f'{bids_dir} has no participants (folders sub-<label>)')
    return sorted(present, key=natural_key), missing


def _participant_labels(bids_dir: Path) -> list[str]:
    """Return the text after ``sub-`` in the names of folders."""
    try:
        with os.scandir(bids_dir) as entries:
            names = [entry.name for entry in entries if leads_to_folder(entry)]
    except OSError as error:
        raise InvalidDatasetError(f'{bids_dir} {explain_access(error)}') from error
    return sorted(name[4:] for name in names if name.startswith('sub-'))


def is_label(text: str) -> bool:
    """Return whether a text is a valid label of a participant or session.

    Examples
    --------
    >>> [is_label(text) for text in ('01', 'a+b', '01.bak', '01_old', '')]
    [True, True, False, False, False]

    """
    return _LABEL.fullmatch(text) is not None


def explain_bad_label(key: str, label: str) -> str:
    """Return why the folder of a participant (``sub``) or session (``ses``) is skipped."""
    return one_line(
        f'{key}-{label}: folder skipped; {label!r} is not a label (letters, digits and +)'
    )


def explain_access(error: OSError) -> str:
    """Return why a folder cannot be read, as the end of a sentence."""
    return f'cannot be read: {error.strerror}; ask its owner for access'


def clean_labels(labels: Iterable[str], prefix: str) -> list[str]:
    """Return labels without their prefix or duplicates, in natural order.

    Examples
    --------
    >>> clean_labels(['sub-10', '2', 'sub-2'], 'sub-')
    ['2', '10']
    """
    return sorted({label.removeprefix(prefix) for label in labels}, key=natural_key)


def natural_key(text: str | None) -> tuple:
    """Return a key that sorts 2 before 10, and ``None`` first.

    Examples
    --------
    >>> sorted(['10', 'b2', None, '2', 'b10'], key=natural_key)
    [None, '2', '10', 'b2', 'b10']
    """
    parts = re.findall(r'[0-9]+|[^0-9]+', text or '')
    # Numbers are compared by their length first, because int() takes at most 4,300 digits.
    digits = [part.lstrip('0') if part.isascii() and part.isdecimal() else None for part in parts]
    numbers = [
        (1, 0, part) if number is None else (0, len(number), number)
        for part, number in zip(parts, digits, strict=True)
    ]
    return (*numbers, (-1, 0, text or ''))


def leads_to_folder(entry: os.DirEntry) -> bool:
    """Return whether an entry is a folder or a link to one."""
    try:
        return entry.is_dir()
    except OSError:  # for example a link to itself
        return False
