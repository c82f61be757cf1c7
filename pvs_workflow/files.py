"""Write files atomically, and read untrusted files safely."""

import errno
import json
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from pvs_workflow.errors import OutputError
from pvs_workflow.processes import has_ended, process_name

WRITING = '.writing-'
"""Prefix of the temporary folders of files being written, before the process name."""
_DISK_FULL = {errno.ENOSPC, errno.EDQUOT}
_REFUSED = {errno.EPERM, errno.ENOTSUP, errno.EINVAL, errno.ENOSYS}
_DAY = 24 * 60 * 60
_MB = 10**6

MAX_TEXT = 32 * 2**20
"""Maximum size of a text file, bytes; 10 times a ``participants.tsv`` of 100,000 rows."""


@contextmanager
def atomic_path(target: Path) -> Iterator[Path]:
    """Yield a temporary path next to ``target``, and rename it to ``target`` on success.

    The file name stays the same, since writers choose the format by its suffix. The folder name
    starts with a dot, so that BIDS queries ignore it.

    Parameters
    ----------
    target : Path
        The file to write; its folder is created if missing.

    Raises
    ------
    OutputError
        If the folder cannot be created or written to.

    """
    target = Path(target)
    folder = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f'{WRITING}{process_name()}-', dir=target.parent))
        yield folder / target.name
        with suppress(OSError):
            # Shares of other systems have no permissions, or do not let users change them.
            (folder / target.name).chmod(0o666 & ~_umask())
        _move(folder / target.name, target)
    except OSError as error:
        raise cannot_write(target, error) from error
    finally:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)


def _move(source: Path, target: Path) -> None:
    """Rename a file, also where renaming it to an existing name is refused."""
    try:
        source.replace(target)
    except OSError:
        if not target.is_file():
            raise
        earlier = source.with_name(f'{source.name}.earlier')
        target.rename(earlier)
        try:
            source.rename(target)
        except OSError:
            earlier.rename(target)
            raise


def cannot_write(path: Path, error: OSError) -> OutputError:
    """Return the error for a path that cannot be written; it reports what was refused."""
    advice = 'choose another folder'
    reason = error.strerror or str(error)
    if error.filename2 and error.errno in _REFUSED:
        reason = f'its file system refuses to rename files ({reason})'
    if error.errno in _DISK_FULL:
        folder = next(folder for folder in (path, *path.parents) if folder.is_dir())
        reason += f' ({shutil.disk_usage(folder).free / _MB:.1f} MB free)'
        advice = f'free some space or {advice}'
    return OutputError(f'cannot write {path}: {reason}; {advice}')


def write_text(target: Path, text: str) -> None:
    """Write a text file atomically, in UTF-8 with Unix line ends."""
    with atomic_path(target) as path:
        path.write_text(text, encoding='utf-8', newline='\n')


def write_json(path: Path, content: Mapping) -> None:
    """Write a JSON file atomically, indented, in UTF-8 and in the order of the mapping."""
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False) + '\n')


def copy_file(source: Path, target: Path) -> None:
    """Copy a file atomically."""
    with atomic_path(target) as path:
        shutil.copyfile(source, path)


def remove_files(paths: Iterable[Path | str]) -> None:
    """Remove files, if they exist.

    Raises
    ------
    OutputError
        If a file cannot be removed.

    """
    for path in map(Path, paths):
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise cannot_write(path, error) from error


def remove_leftovers(
    folder: Path, *, recursive: bool = False, everything: bool = False
) -> list[Path]:
    """Remove half-written files that killed processes left in a folder; return their paths.

    Parameters
    ----------
    folder : Path
        The folder to search.
    recursive : bool
        Whether to search subfolders as well.
    everything : bool
        Whether to remove files that other processes may still be writing; only for a folder that
        the caller has locked. Otherwise, files of unknown processes are removed after one day.

    """
    pattern = f'**/{WRITING}*' if recursive else f'{WRITING}*'
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


def read_text(path: Path, max_bytes: int = MAX_TEXT) -> str:
    """Read an untrusted text file in any usual encoding, with Unix line ends.

    Parameters
    ----------
    path : Path
        The file to read.
    max_bytes : int
        Maximum size, bytes.

    Raises
    ------
    OSError
        If the file cannot be read, or is a pipe or device, which may never end.
    ValueError
        If the file is too large, or is damaged UTF-16 or UTF-32.

    """
    path = Path(path)
    mode = path.stat().st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise OSError(errno.EINVAL, 'not a regular file')
    with path.open('rb') as stream:
        content = stream.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise ValueError(f'it is larger than {max_bytes / 2**20:g} MB')
    return decode_text(content)


def decode_text(content: bytes) -> str:
    r"""Decode a text, and convert its line ends to Unix line ends.

    A text that is neither UTF-8, UTF-16 nor UTF-32, with or without a byte-order mark, is decoded
    as Windows-1252, which contains the characters of Latin-1.

    Parameters
    ----------
    content : bytes
        A text that begins with an ASCII character, as JSON and the header of a table do.

    Raises
    ------
    ValueError
        If the text is damaged UTF-16 or UTF-32.

    Examples
    --------
    >>> [decode_text('Köln\r\n'.encode(name)) for name in ('utf-8-sig', 'utf-16', 'latin-1')]
    ['Köln\n', 'Köln\n', 'Köln\n']

    """
    encoding = json.detect_encoding(content)
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        if not encoding.startswith('utf-8'):
            raise
        text = content.decode('cp1252', errors='replace')
    return text.replace('\r\n', '\n').replace('\r', '\n')


def read_json(path: Path, max_bytes: int = MAX_TEXT):
    """Read an untrusted JSON file.

    Raises
    ------
    OSError
        If the file cannot be read or is not a regular file.
    ValueError
        If the file is too large, not JSON, nested too deeply, or has unpaired surrogates, which
        cannot be written again.

    """
    return parse_json(read_text(path, max_bytes))


def read_json_object(path: Path, max_bytes: int = MAX_TEXT) -> dict:
    """Return the object in an untrusted JSON file, or an empty one if it cannot be read."""
    try:
        content = read_json(path, max_bytes)
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def parse_json(text: str, **options):
    """Parse untrusted JSON; raise only ValueError."""
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
