"""Files that appear whole or not at all, and files that nobody has checked."""

import errno
import io
import json
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pvs_workflow.errors import OutputError

MOST_TEXT = 32 * 2**20
"""Bytes of the largest text that is read; ``participants.tsv`` of 100,000 people has a tenth."""


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


def read_text(path: Path, most: int = MOST_TEXT, encoding: str = 'utf-8') -> str:
    """Read a text file that may be anything: a pipe, a device, gigabytes.

    Parameters
    ----------
    path : Path
    most : int
        Bytes that it may have.
    encoding : str

    Returns
    -------
    str
        With Unix line ends.

    Raises
    ------
    OSError
        If it cannot be read, or is no file: pipes and devices may never end.
    ValueError
        If it is larger, or not of this encoding.

    """
    path = Path(path)
    mode = path.stat().st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise OSError(errno.EINVAL, 'not a regular file')
    with path.open('rb') as stream:
        content = stream.read(most + 1)
    if len(content) > most:
        raise ValueError(f'more than {most / 2**20:g} MB')
    return io.TextIOWrapper(io.BytesIO(content), encoding=encoding).read()


def read_json(path: Path, most: int = MOST_TEXT, encoding: str = 'utf-8'):
    """Read a JSON file that may be anything.

    Raises
    ------
    OSError
        If it cannot be read, or is no file.
    ValueError
        If it is too large, not UTF-8, no JSON, nested too deeply, or has half characters in it,
        which cannot be written again.

    """
    return parse_json(read_text(path, most, encoding))


def parse_json(text: str, **options):
    """Parse JSON; as :func:`read_json`, it raises nothing but ValueError."""
    try:
        content = json.loads(text, **options)
        if '\\u' in text:
            json.dumps(content, ensure_ascii=False).encode('utf-8')
    except RecursionError:
        raise ValueError('it is nested too deeply') from None
    return content


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
