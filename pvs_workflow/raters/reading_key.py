"""The key of a reading sheet: the place of each image by its code."""

from collections.abc import Iterable
from pathlib import Path

from pvs_workflow.derivatives.tables import read_records
from pvs_workflow.errors import PVSError
from pvs_workflow.files import MOST_TEXT
from pvs_workflow.raters.ratings import Place

KEY = 'reading_key.tsv'
OLD_KEYS = 'reading_key_old-*.tsv'
"""Keys of earlier sheets, which are kept, because readings may still come."""


def find_key(folders: Iterable[Path]) -> dict[str, Place]:
    """Read all keys in some folders.

    Parameters
    ----------
    folders : iterable of Path
        Where the same code is in several, the first folder's newest key is used.

    Returns
    -------
    dict of str to Place

    Raises
    ------
    PVSError
        If there is none, or one cannot be read.

    """
    folders = list(dict.fromkeys(map(Path, folders)))
    paths = [
        path
        for folder in folders
        for path in (folder / KEY, *sorted(folder.glob(OLD_KEYS), reverse=True))
        if path.is_file()
    ]
    if not paths:
        raise PVSError(
            f'image_id cannot be understood without the key of the reading sheet, expected {KEY} '
            f'in {" or ".join(map(str, folders))}, received none'
        )
    places: dict[str, Place] = {}
    for path in paths:
        places = _read_key(path) | places
    return places


def _read_key(path: Path) -> dict[str, Place]:
    rows = read_records(path, 'reading_key', MOST_TEXT)
    try:
        return {
            row['image_id']: Place(
                row['participant_id'].removeprefix('sub-'),
                row['session_id'] and row['session_id'].removeprefix('ses-'),
                row['t2w'],
                row['hemisphere'],
                int(row['slice']),
                int(row['slice_rank']),
            )
            for row in rows
        }
    except (AttributeError, OverflowError, TypeError) as error:
        raise PVSError(
            f'{path} is damaged, expected a participant, a slice and its rank in each row, '
            f'received: {error}'
        ) from error
