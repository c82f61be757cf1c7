"""Plan the memory of a run (``--mem``)."""

from pathlib import Path

RUN_GB = 0.7
"""Memory of the main process and of the libraries that all processes share, GB."""

IDLE_GB = 1.3
"""Memory of an idle worker, mostly of ANTs and TensorFlow, GB."""

_SHARE = 0.9
"""Default share of the available memory, which leaves some for other programs."""

_LIMITS = ('/sys/fs/cgroup/memory.max', '/sys/fs/cgroup/memory/memory.limit_in_bytes')
"""Files with the memory limit of the container or job: Linux control groups v2 and v1."""


def plan_memory(
    requested: float | None, machine: float, limits: tuple[str, ...] = _LIMITS
) -> float:
    """Return the memory that a run may use, GB.

    The default is 90 % of the machine's memory, or of the limit of the container or job if that
    is smaller.
    """
    if requested is not None:
        return requested
    sizes = [machine]
    for path in map(Path, limits):
        try:
            sizes.append(int(path.read_text()) / 1e9)
        except (OSError, ValueError):
            # The group does not exist or has no limit ("max").
            continue
    return _SHARE * min(sizes)
