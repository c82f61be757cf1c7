"""Images with evidence of known ePVS, and their instances."""

import numpy as np

from pvs_workflow.science.instances import Instances, find_instances


def masks(n=6, seed=0):
    """Return masks of 3 × 3 squares at random raster positions; image i has i squares."""
    rng = np.random.default_rng(seed)
    out = np.zeros((n, 80, 96), bool)
    corners = [(u, v) for u in range(8, 72, 8) for v in range(8, 88, 8)]
    for index in range(n):
        for corner in rng.permutation(len(corners))[:index]:
            u, v = corners[corner]
            out[index, u : u + 3, v : v + 3] = True
    return out


def instances_of(mask, counts) -> Instances:
    """Return the instances in uniform images whose evidence is the mask."""
    image = np.full(mask.shape, 0.4, np.float32)
    return find_instances(image, mask.astype(np.float32), np.ones(mask.shape, bool), counts)
