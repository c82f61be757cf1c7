"""Files that appear whole or not at all."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pvs_workflow.errors import OutputError


@contextmanager
def atomic_path(target: Path) -> Iterator[Path]:
    """Give a temporary name beside ``target``; rename it to ``target`` when the block ends well.

    The temporary name keeps all of the target's suffixes (writers choose formats by them) and
    starts with a dot, so that no BIDS query sees it.

    Parameters
    ----------
    target : Path
        The file to write; its folder is made where it is missing.

    Raises
    ------
    OutputError
        If the folder cannot be made or written to.

    """
    target = Path(target)
    folder = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix='.writing-', dir=target.parent))
        yield folder / target.name
        (folder / target.name).chmod(0o666 & ~_umask())
        (folder / target.name).replace(target)
    except OSError as error:
        raise OutputError(
            f'{target} cannot be written, expected a folder with room that this user may write '
            f'to, received: {error.strerror or error}'
        ) from error
    finally:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)


def write_text(target: Path, text: str) -> None:
    """Write a text file in one step, UTF-8 with Unix line ends."""
    with atomic_path(target) as path:
        path.write_text(text, encoding='utf-8', newline='\n')


def write_json(path: Path, content: Mapping) -> None:
    """Write a JSON file as all JSON files here: indented, UTF-8, in the order given."""
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False) + '\n')


def copy_file(source: Path, target: Path) -> None:
    """Copy a file in one step."""
    with atomic_path(target) as path:
        shutil.copyfile(source, path)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
