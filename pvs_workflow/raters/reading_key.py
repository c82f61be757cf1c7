"""The key of a reading sheet: whose image is behind which code."""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from pvs_workflow.derivatives.tsv import read_table
from pvs_workflow.errors import PVSError
from pvs_workflow.raters.ratings import Place

KEY = 'reading_key.tsv'
OLD_KEYS = 'reading_key_old-*.tsv'
"""Keys of earlier sheets, which are kept, because readings may still come."""


def find_key(folders: Iterable[Path]) -> dict[str, Place]:
    """Read all keys in the folders.

    Parameters
    ----------
    folders : iterable of Path
        Where the same code is in several, the first folder's newest key is believed.

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
    out: dict[str, Place] = {}
    for path in paths:
        out = read_key(path) | out
    return out


def read_key(path: Path) -> dict[str, Place]:
    """Read one key.

    Raises
    ------
    PVSError
        If it cannot be read.

    """
    rows = read_table(path, 'reading_key').to_dict('records')
    try:
        return {
            row['image_id']: Place(
                row['participant_id'].removeprefix('sub-'),
                None if pd.isna(row['session_id']) else row['session_id'].removeprefix('ses-'),
                row['t2w'],
                row['hemisphere'],
                int(row['slice']),
                int(row['slice_rank']),
            )
            for row in rows
        }
    except (AttributeError, OverflowError, ValueError) as error:
        raise PVSError(
            f'{path} is damaged, expected a participant, a slice and its rank in each row, '
            f'received: {error}'
        ) from error
