"""The memory that a run may use (``--mem``), and what its processes take of it."""

from pathlib import Path

RUN_GB = 0.7
"""Memory of the run itself, and of files (libraries, mostly) that its processes share."""

IDLE_GB = 1.3
"""Memory that an idle worker keeps: mostly of ANTs and TensorFlow."""

_SHARE = 0.9
"""Share of the machine that is used by default; others may need some."""

_LIMITS = ('/sys/fs/cgroup/memory.max', '/sys/fs/cgroup/memory/memory.limit_in_bytes')
"""Files with the limit of the container or job, of versions 2 and 1 of Linux' control groups."""


def plan_memory(asked: float | None, machine: float, limits: tuple[str, ...] = _LIMITS) -> float:
    """Return the memory that a run may use, GB.

    That is what was asked for; else nine tenths of the machine, or of the limit of its container
    or job if that is less.
    """
    if asked is not None:
        return asked
    found = [machine]
    for path in map(Path, limits):
        try:
            found.append(int(path.read_text()) / 1e9)
        except (OSError, ValueError):
            # There is no such group, or it has no limit ("max").
            continue
    return _SHARE * min(found)
