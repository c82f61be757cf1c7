"""Names of processes, by which others can tell whether they are still at work."""

import hashlib
import os
import re
import socket
from functools import cache
from pathlib import Path

_NAME = re.compile(r'(?P<place>[0-9a-f]{8})-(?P<pid>\d+)-(?P<start>\d+)')
_START = 22 - 3
"""Of the fields of ``/proc/PID/stat`` (proc(5)) the 22nd, and the state is the 3rd."""


def own_name() -> str:
    """Return a name that no other process has, on any machine, not after a restart either.

    Returns
    -------
    str
        Letters, digits and hyphens: the place (machine since its start, and namespace of process
        numbers, that is: container), the process' number, and when it started.

    """
    return _name(os.getpid())


def has_ended(name: str) -> bool | None:
    """Tell whether a process is over.

    Parameters
    ----------
    name : str
        From :func:`own_name`, or a text that begins with such a name.

    Returns
    -------
    bool or None
        ``None`` where that cannot be known here: of another machine or container, or no name.

    Examples
    --------
    >>> has_ended(own_name()), has_ended('00000000-1-1'), has_ended('other')
    (False, None, None)

    """
    found = _NAME.match(name)
    if found is None or found['place'] != own_place():
        return None
    return _started(int(found['pid'])) != int(found['start'])


@cache
def _name(pid: int) -> str:
    return f'{own_place()}-{pid}-{_started(pid)}'


@cache
def own_place() -> str:
    """Return what tells apart machines, their starts, and containers."""
    parts = []
    for read in (
        Path('/proc/sys/kernel/random/boot_id').read_text,
        lambda: str(Path('/proc/self/ns/pid').readlink()),
    ):
        try:
            parts.append(read())
        except OSError:
            # Then nothing is known of anybody: no other process has this name.
            parts.append(f'{socket.gethostname()} {os.urandom(8).hex()}')
    return hashlib.sha256('\n'.join(parts).encode()).hexdigest()[:8]


def _started(pid: int) -> int:
    """Return when a process started, in ticks since the machine did; 0 if it is over."""
    try:
        fields = Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()
    except OSError:
        return 0
    # A process that only waits for its parent to notice its end does nothing any more.
    return 0 if fields[0] in 'ZX' else int(fields[_START])
