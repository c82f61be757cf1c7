"""Plan the memory of a run (``--mem``)."""

from pvs_workflow.execution.limits import available_memory

RUN_GB = 0.7
"""Memory of the main process and of the libraries that all processes share, GB."""

IDLE_GB = 1.3
"""Memory of an idle worker, mostly of ANTs and TensorFlow, GB."""

_SHARE = 0.9
"""Default share of the available memory, which leaves some for other programs."""


def plan_memory(requested: float | None) -> float:
    """Return the memory that a run may use, GB; by default 90 % of what is available."""
    return requested if requested is not None else _SHARE * available_memory()
