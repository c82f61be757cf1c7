"""Names of processes, by which another process can tell whether they have ended."""

import os
import re
from functools import cache
from pathlib import Path

_NAME = re.compile(r'(?P<place>[0-9a-f]+)-(?P<pid>\d+)-(?P<start>\d+)')
_START = 22 - 3
"""Index of the start time among the fields of ``/proc/PID/stat`` from the 3rd on (proc(5))."""


def own_name() -> str:
    """Return a name that no other process has: of its machine, container, number and start."""
    return f'{_own_place()}-{os.getpid()}-{_start_time(os.getpid())}'


def has_ended(name: str) -> bool | None:
    """Tell whether a process has ended, by a text that begins with its name.

    ``None`` means that this is a process of another machine or container, or no name.

    Examples
    --------
    >>> has_ended(own_name()), has_ended('00000000-1-1'), has_ended('other')
    (False, None, None)

    """
    match = _NAME.match(name)
    if match is None or match['place'] != _own_place():
        return None
    return _start_time(int(match['pid'])) != int(match['start'])


@cache
def _own_place() -> str:
    """Return the boot of this machine and the namespace of its process numbers, as one word."""
    try:
        boot = Path('/proc/sys/kernel/random/boot_id').read_text()[:8]
        return f'{boot}{Path("/proc/self/ns/pid").stat().st_ino:x}'
    except OSError:
        # Nothing is known of other processes then, and no other place has this name.
        return os.urandom(8).hex()


def _start_time(pid: int) -> int:
    """Return when a process started, in clock ticks since the boot; 0 if it has ended."""
    try:
        fields = Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()
    except OSError:
        return 0
    # A zombie waits for nothing but its parent.
    return 0 if fields[0] in 'ZX' else int(fields[_START])
