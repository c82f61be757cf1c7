"""Time, memory and leftover files of the handling of an input."""

import signal
import time
from pathlib import Path

SECONDS = 60
"""Maximum CPU time or idle time of an input, seconds.

Elapsed time is not limited, since it depends on other work on the machine.
"""

TRACE_FOLDER = Path('/tmp')
"""Folder in which code injected by an input would leave a file."""


class HungError(BaseException):
    """An input took too long."""


def watch() -> None:
    """Raise :class:`HungError` if the app is idle for a minute, or uses too much CPU time."""
    begin = last = time.process_time()

    def check(signum, frame) -> None:
        nonlocal last
        now = time.process_time()
        if now - last < 1 or now - begin >= SECONDS:
            raise HungError
        last = now
        signal.alarm(SECONDS)

    signal.signal(signal.SIGALRM, check)
    signal.alarm(SECONDS)


def memory(field: str) -> int:
    """Return a memory figure of this process, such as ``VmRSS``, bytes."""
    for line in Path('/proc/self/status').read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024
    raise LookupError(field)


def traces() -> list[str]:
    """Return the files left by injected code."""
    return [str(path) for path in TRACE_FOLDER.glob('pvs_hacked*')]
