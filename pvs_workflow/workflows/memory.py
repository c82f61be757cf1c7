"""Memory declared by the steps.

A worker process retains ANTs, TensorFlow and most memory that it once allocated, so its size
hardly depends on the current step. With images of the usual size all steps declare the same.
"""

from collections.abc import Mapping
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


CONTRAST_STEPS = ('conform_', 'align_', 'compare_')
"""Start of the names of steps that read another contrast on its own grid."""


def count_voxels(path: Path | None) -> int:
    """Return the number of voxels of an image, from its header alone.

    It is 0 if the image is unreadable or too large; the step that reads it reports the error.
    """
    if path is None:
        return 0
    try:
        voxels = int(np.prod(nb.load(path).shape, dtype=float))
    except Exception:
        # NiBabel and its dependencies raise all kinds of errors on damaged headers.
        return 0
    return voxels if voxels <= MAX_VOXELS else 0


def declare_memory(workflow, voxels: Mapping[str, int]) -> None:
    """Declare the memory of all nodes of a workflow.

    Parameters
    ----------
    workflow : Workflow
    voxels : mapping of str to int
        Number of voxels by contrast (``t2w``, ``t1w``, ``flair``). A large T1w needs memory only
        in the steps that read it.

    """
    for name in workflow.list_node_names():
        step = name.rpartition('.')[2]
        contrast = step.rpartition('_')[2] if step.startswith(CONTRAST_STEPS) else 't2w'
        largest = max(voxels['t2w'], voxels.get(contrast, 0))
        more_gb = BYTES_PER_VOXEL * max(largest - USUAL_VOXELS, 0) / 1e9
        workflow.get_node(name)._mem_gb = STEP_GB + more_gb
