"""Whether a folder is a BIDS dataset, and whose images it holds."""

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from pvs_workflow.errors import InvalidDatasetError, NoInputError, NoMatchError


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
        description = json.loads(path.read_text(encoding='utf-8'))
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
        present = [label for label in asked if (bids_dir / f'sub-{label}').is_dir()]
    else:
        present = [path.name[4:] for path in bids_dir.glob('sub-*') if path.is_dir()]
    missing = [
        (label, f'sub-{label}: not in the dataset, expected the label of one of its participants')
        for label in asked
        if label not in present
    ]
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
    parts = re.findall(r'\d+|\D+', text or '')
    numbers = [(0, int(part), '') if part.isdigit() else (1, 0, part) for part in parts]
    return (*numbers, (-1, 0, text or ''))
