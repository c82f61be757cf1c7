"""How much memory steps need.

A worker keeps ANTs, TensorFlow and much of what it once had, whatever the step that it is at. Next
to that, steps differ little as long as images are of the usual size, so that all declare the same.
"""

from collections.abc import Iterable
from pathlib import Path

import nibabel as nb
import numpy as np

from pvs_workflow.science.checks import MAX_VOXELS

STEP_GB = 1.5
"""That a worker may have of its own at any step. Measured by ``benchmarks/memory.py``."""

USUAL_VOXELS = 10_000_000
"""Up to which that is enough: 512 × 512 × 38."""

BYTES_PER_VOXEL = 20
"""Of the largest image, beyond that: five arrays of float32. For a head of 512³ voxels that makes
3.9 GB; the same benchmark, with one process, measured 3.04 GB."""


def count_voxels(images: Iterable[Path | None]) -> int:
    """Return the number of voxels of the largest image, by headers alone.

    What cannot be read, or will be refused for its size, counts for nothing: the step that reads
    it shall say what is wrong with it.
    """
    counts = [0]
    for path in filter(None, images):
        try:
            counts.append(int(np.prod(nb.load(path).shape, dtype=float)))
        except Exception:
            # Nibabel and what it reads with raise nearly anything at a damaged header.
            continue
    return max(count for count in counts if count <= MAX_VOXELS)


def declare_memory(workflow, voxels: int) -> None:
    """Let all nodes of a workflow declare what they may need if the largest image has a size."""
    need = STEP_GB + BYTES_PER_VOXEL * max(voxels - USUAL_VOXELS, 0) / 1e9
    for name in workflow.list_node_names():
        workflow.get_node(name)._mem_gb = need
