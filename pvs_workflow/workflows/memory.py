"""Memory declared by the steps.

A worker process retains ANTs, TensorFlow and most memory that it once allocated, so its size
hardly depends on the current step. With images of the usual size all steps declare the same.
"""

from collections.abc import Iterable
from pathlib import Path

import nibabel as nb
import numpy as np

from pvs_workflow.science.checks import MAX_VOXELS

STEP_GB = 1.5
"""Private memory of a worker at any step, GB; measured by ``benchmarks/memory.py``."""

USUAL_VOXELS = 10_000_000
"""Maximum image size for which ``STEP_GB`` is enough: 512 × 512 × 38."""

BYTES_PER_VOXEL = 20
"""Additional bytes for each voxel beyond ``USUAL_VOXELS``: five arrays of float32. A head of 512³
voxels declares 3.9 GB; the same benchmark measured 3.04 GB with one process."""


def count_voxels(images: Iterable[Path | None]) -> int:
    """Return the number of voxels of the largest image, from the headers alone.

    Images that are unreadable or too large are ignored; the step that reads them reports the
    error.
    """
    counts = [0]
    for path in filter(None, images):
        try:
            counts.append(int(np.prod(nb.load(path).shape, dtype=float)))
        except Exception:
            # NiBabel and its dependencies raise all kinds of errors on damaged headers.
            continue
    return max(count for count in counts if count <= MAX_VOXELS)


def declare_memory(workflow, voxels: int) -> None:
    """Declare the memory of all nodes of a workflow; ``voxels`` is the largest image's size."""
    memory_gb = STEP_GB + BYTES_PER_VOXEL * max(voxels - USUAL_VOXELS, 0) / 1e9
    for name in workflow.list_node_names():
        workflow.get_node(name)._mem_gb = memory_gb
