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
from pvs_workflow.processes import has_ended, own_name

WRITING = '.writing-'
"""Folders of files that are being written are named so, and after the process that writes."""
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT}
_DAY = 24 * 60 * 60
_MB = 10**6

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
        folder = Path(tempfile.mkdtemp(prefix=f'{WRITING}{own_name()}-', dir=target.parent))
        yield folder / target.name
        (folder / target.name).chmod(0o666 & ~_umask())
        (folder / target.name).replace(target)
    except OSError as error:
        raise OutputError(
            f'{target} cannot be written, expected a folder with room that this user may write '
            f'to, received: {error.strerror or error}{room_left(target.parent, error)}'
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


def room_left(folder: Path, error: OSError) -> str:
    """Say how much room there is, in brackets, if it was for want of room that something failed.

    Parameters
    ----------
    folder : Path
        On the disk in question; it need not exist.
    error : OSError

    Returns
    -------
    str
        Empty for other errors.

    """
    if error.errno not in _NO_ROOM:
        return ''
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    try:
        free = shutil.disk_usage(folder).free
    except OSError:
        return ''
    return f' ({free / _MB:.1f} MB are free there)'


def remove_leftovers(
    folder: Path, *, below: bool = False, all_of_them: bool = False
) -> list[Path]:
    """Remove what processes that were killed have left half-written in a folder.

    Parameters
    ----------
    folder : Path
    below : bool
        Also in the folders below.
    all_of_them : bool
        Also what comes from processes that may still be at work, here or elsewhere: only for
        folders that belong to the caller. Else, what comes from elsewhere is left for a day.

    Returns
    -------
    list of Path
        What was removed.

    """
    found = []
    for place, names, _ in os.walk(folder):
        found += [Path(place, name) for name in names if name.startswith(WRITING)]
        names[:] = [name for name in names if below and not name.startswith(WRITING)]
    removed = []
    for path in found:
        ended = has_ended(path.name.removeprefix(WRITING))
        if all_of_them or ended or (ended is None and _is_old(path)):
            shutil.rmtree(path, ignore_errors=True)
            removed.append(path)
    return removed


def _is_old(path: Path) -> bool:
    """Tell whether a folder is older than a day, by the clock of its own disk."""
    try:
        with tempfile.TemporaryFile(dir=path.parent) as now:
            return os.fstat(now.fileno()).st_mtime - path.stat().st_mtime > _DAY
    except OSError:
        return False


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


def read_json_object(path: Path, most: int = MOST_TEXT) -> dict:
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
