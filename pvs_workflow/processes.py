"""Name processes uniquely, so that other processes can check whether they have ended."""

import os
import re
from functools import cache
from pathlib import Path

_NAME = re.compile(r'(?P<machine>[0-9a-f]+)-(?P<pid>\d+)-(?P<start>\d+)')
_START = 22 - 3
"""Index of the start time in ``/proc/PID/stat``, counted from the third field (proc(5))."""


def process_name() -> str:
    """Return a unique name for this process: machine and container, process ID, start time."""
    return f'{_machine_name()}-{os.getpid()}-{_start_time(os.getpid())}'


def has_ended(name: str) -> bool | None:
    """Return whether a process has ended, given a text that begins with its name.

    Return ``None`` if the process is on another machine or in another container, or if the text
    does not begin with a name.

    Examples
    --------
    >>> has_ended(process_name()), has_ended('00000000-1-1'), has_ended('other')
    (False, None, None)

    """
    match = _NAME.match(name)
    if match is None or match['machine'] != _machine_name():
        return None
    return _start_time(int(match['pid'])) != int(match['start'])


@cache
def _machine_name() -> str:
    """Return the boot ID of this machine and the PID namespace, as one word."""
    try:
        boot = Path('/proc/sys/kernel/random/boot_id').read_text()[:8]
        return f'{boot}{Path("/proc/self/ns/pid").stat().st_ino:x}'
    except OSError:
        # Use a random name: other processes cannot be checked without /proc.
        return os.urandom(8).hex()


def _start_time(pid: int) -> int:
    """Return the start time of a process, in clock ticks since boot; 0 if it has ended."""
    try:
        fields = Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()
    except OSError:
        return 0
    # A zombie has ended and waits only for its parent.
    return 0 if fields[0] in 'ZX' else int(fields[_START])
