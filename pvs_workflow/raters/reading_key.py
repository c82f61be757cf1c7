"""The key of a reading sheet: the place of each image by its code."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from pvs_workflow.derivatives.columns import column_names
from pvs_workflow.errors import PVSError
from pvs_workflow.raters.rating_rows import read_rows
from pvs_workflow.raters.ratings import Place, parse_place

KEY = 'reading_key.tsv'
OLD_KEYS = 'reading_key_old-*.tsv'
"""Keys of earlier sheets, which are kept, because readings may still come."""


def find_key(folders: Iterable[Path]) -> dict[str, Place]:
    """Read all keys in some folders.

    Where the same code is in several, the first folder's newest key is used.

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
    needed = [(name,) for name in column_names('reading_key')]
    places: dict[str, Place] = {}
    for path in paths:
        places = dict(read_rows(path, _parse, needed)) | places
    return places


def _parse(line: str, row: Mapping[str, str]) -> tuple[str, Place]:
    return row['image_id'], parse_place(row)
