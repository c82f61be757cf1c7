"""Images with evidence of known ePVS, and the instances found in them."""

import numpy as np

from pvs_workflow.science.instances import Instances, find_instances


def masks(n=6, seed=0):
    """Squares of 3 × 3 pixels: as many as the image's index, in random places of a raster."""
    rng = np.random.default_rng(seed)
    out = np.zeros((n, 80, 96), bool)
    places = [(u, v) for u in range(8, 72, 8) for v in range(8, 88, 8)]
    for index in range(n):
        for place in rng.permutation(len(places))[:index]:
            u, v = places[place]
            out[index, u : u + 3, v : v + 3] = True
    return out


def found_in(mask, counts) -> Instances:
    image = np.full(mask.shape, 0.4, np.float32)
    return find_instances(image, mask.astype(np.float32), np.ones(mask.shape, bool), counts)
