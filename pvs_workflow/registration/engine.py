"""ANTs, started so that it gives the same answer every time."""

import functools
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import nibabel as nb


def ants_environment(seed: int) -> dict[str, str]:
    """Return the variables that every process with ANTs has.

    ITK sums its metrics thread by thread, so that the last digits of a transform depend on the
    number of threads. One registration therefore runs on one thread; several run side by side.
    """
    return {'ANTS_RANDOM_SEED': str(seed), 'ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS': '1'}


@functools.cache
def start(seed: int):
    """Fix ANTs' randomness and return the :mod:`ants` module.

    ``ants.registration(random_seed=…)`` is ignored by antspyx 0.6.3, its global setting is not.

    Parameters
    ----------
    seed : int
        > 0; ITK takes 0 for the time of day.

    """
    if seed <= 0:
        raise ValueError(f'the seed of a registration must be positive, received {seed}')
    os.environ.update(ants_environment(seed))
    import ants

    ants.config.set_ants_deterministic(on=True, seed_value=seed)
    return ants


def to_ants(image: 'nb.Nifti1Image'):
    """Return the same volume as an ANTs image (float32, LPS+ world)."""
    import ants

    try:
        return ants.from_nibabel_nifti(image)
    finally:
        # Nibabel would keep the voxels that were read for this.
        image.uncache()
