"""Files that appear whole or not at all, and files that nobody has checked."""

import errno
import io
import json
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pvs_workflow.errors import OutputError
from pvs_workflow.processes import has_ended, own_name

WRITING = '.writing-'
"""Prefix of the folders of files that are being written; the name of the process follows."""
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT}
_DAY = 24 * 60 * 60
_MB = 10**6

MAX_TEXT = 32 * 2**20
"""Maximum size of a text, bytes; ``participants.tsv`` of 100,000 people has a tenth."""


@contextmanager
def atomic_path(target: Path) -> Iterator[Path]:
    """Give a temporary path next to ``target``; rename it to ``target`` when the block ends well.

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
        folder = Path(tempfile.mkdtemp(prefix=f'{WRITING}{own_name()}-', dir=target.parent))
        yield folder / target.name
        (folder / target.name).chmod(0o666 & ~_umask())
        (folder / target.name).replace(target)
    except OSError as error:
        raise cannot_write(target, error) from error
    finally:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)


def cannot_write(path: Path, error: OSError) -> OutputError:
    """Return the error for what cannot be written; it names the space that is left."""
    space = ''
    if error.errno in _NO_ROOM:
        folder = next(folder for folder in (path, *path.parents) if folder.is_dir())
        space = f' ({shutil.disk_usage(folder).free / _MB:.1f} MB are free there)'
    return OutputError(
        f'{path} cannot be written, expected a folder with room that this user may write to, '
        f'received: {error.strerror or error}{space}'
    )


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


def remove_leftovers(folder: Path, *, below: bool = False, everything: bool = False) -> list[Path]:
    """Remove what killed processes have left half-written in a folder; return it.

    Parameters
    ----------
    folder : Path
    below : bool
        Whether to look in the folders in it, too.
    everything : bool
        Whether to remove what other processes may still write, for a folder that belongs to the
        caller. Else, what processes elsewhere have left is removed after a day.

    """
    pattern = f'**/{WRITING}*' if below else f'{WRITING}*'
    removed = []
    for path in list(folder.glob(pattern)):
        ended = has_ended(path.name.removeprefix(WRITING))
        if everything or ended or (ended is None and _is_old(path)):
            shutil.rmtree(path, ignore_errors=True)
            removed.append(path)
    return removed


def _is_old(path: Path) -> bool:
    try:
        return time.time() - path.stat().st_mtime > _DAY
    except OSError:
        return False


def read_text(path: Path, most: int = MAX_TEXT, encoding: str = 'utf-8') -> str:
    """Read a text file that may be anything (a pipe, a device, gigabytes), with Unix line ends.

    Parameters
    ----------
    path : Path
    most : int
        Maximum size, bytes.
    encoding : str

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


def read_json(path: Path, most: int = MAX_TEXT, encoding: str = 'utf-8'):
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


def read_json_object(path: Path, most: int = MAX_TEXT) -> dict:
    """Read a JSON object that may be anything; empty where it is not one that can be read."""
    try:
        content = read_json(path, most, encoding='utf-8-sig')
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


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
