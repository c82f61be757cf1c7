"""How much memory steps need for images that are larger than usual."""

from collections.abc import Iterable
from pathlib import Path

import nibabel as nb
import numpy as np

from pvs_workflow.science.checks import MOST_VOXELS

USUAL_VOXELS = 10_000_000
"""Up to which what a node declares is enough: 512 × 512 × 38."""

BYTES_PER_VOXEL = 32
"""Of the largest image, beyond that: eight arrays of float32. Measured by
``benchmarks/memory.py``."""


def count_voxels(images: Iterable[Path | None]) -> int:
    """Return the number of voxels of the largest image, by headers alone.

    What cannot be read, or will be refused for its size, counts for nothing: the step that reads
    it shall say what is wrong with it.

    Parameters
    ----------
    images : iterable of Path or None

    """
    counts = [0]
    for path in filter(None, images):
        try:
            counts.append(int(np.prod(nb.load(path).shape, dtype=float)))
        except Exception:
            # Nibabel and what it reads with raise nearly anything at a damaged header.
            continue
    return max(count for count in counts if count <= MOST_VOXELS)


def fit_memory(workflow, voxels: int) -> None:
    """Raise what the nodes of a workflow declare to what images of a size need.

    Parameters
    ----------
    workflow : nipype workflow
        Its nodes declare what they need for images of up to `USUAL_VOXELS`.
    voxels : int
        Of the largest image.

    """
    more = BYTES_PER_VOXEL * max(voxels - USUAL_VOXELS, 0) / 1e9
    for node in workflow._get_all_nodes():
        if not getattr(node, 'run_without_submitting', False):
            node._mem_gb = node.mem_gb + more
