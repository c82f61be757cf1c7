"""Check which images of earlier results are still in a dataset."""

import os
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from pvs_workflow.files import read_json_object


def find_absent(bids_dir: Path | None, images: Iterable[str]) -> list[str]:
    """Return the images that are no longer in a raw dataset, in the order given.

    A broken link counts as present, since DataLad makes one for each file that is not fetched. If
    the dataset is not there (no participant, or derivatives instead) or a folder cannot be
    read, nothing is known, and no image is returned.

    Parameters
    ----------
    bids_dir : Path, optional
    images : iterable of str
        Paths relative to ``bids_dir``.

    """
    if bids_dir is None or not _is_raw(Path(bids_dir)):
        return []
    return [image for image in images if _is_absent(Path(bids_dir), image)]


def _is_raw(bids_dir: Path) -> bool:
    description = read_json_object(bids_dir / 'dataset_description.json')
    try:
        with os.scandir(bids_dir) as entries:
            has_participants = any(entry.name.startswith('sub-') for entry in entries)
    except OSError:
        return False
    return has_participants and description.get('DatasetType') != 'derivative'


def _is_absent(bids_dir: Path, image: str) -> bool:
    path = PurePosixPath(image)
    if path.is_absolute() or '..' in path.parts:
        return False
    try:
        os.lstat(bids_dir / path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except (OSError, ValueError):
        return False
    return False
