"""Load ANTs with settings that make results reproducible."""

import functools
import os
import sys
from types import ModuleType
from typing import TYPE_CHECKING

from pvs_workflow.errors import PVSError

if TYPE_CHECKING:
    import nibabel as nb

ENVIRONMENT = {'ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS': '1'}
"""Environment variables of ANTs.

ITK sums its metrics per thread, so the last digits of a transform depend on the number of threads.
Each registration uses one thread; several run in parallel processes.
"""


def ants_environment(seed: int) -> dict[str, str]:
    """Return the environment variables of a process that uses ANTs.

    antspyx 0.6.3 ignores ``ants.registration(random_seed=…)`` but obeys these variables.
    """
    return ENVIRONMENT | {'ANTS_RANDOM_SEED': str(seed)}


@functools.cache
def load_ants() -> ModuleType:
    """Import :mod:`ants` on one thread.

    Raises
    ------
    PVSError
        If it is already loaded with another number of threads, which ITK cannot change.

    """
    if 'ants' in sys.modules and not ENVIRONMENT.items() <= os.environ.items():
        raise PVSError(
            'ANTs is already loaded with more than one thread; start Python with '
            'ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS=1 or import ants later'
        )
    os.environ.update(ENVIRONMENT)
    import ants

    return ants


def start_ants(seed: int) -> ModuleType:
    """Set the random seed of ANTs and return the :mod:`ants` module.

    Parameters
    ----------
    seed : int
        > 0, because ITK replaces 0 by the time of day.

    Raises
    ------
    ValueError
        If the seed is not positive.
    PVSError
        As :func:`load_ants`.

    """
    if seed <= 0:
        raise ValueError(f'seed must be > 0, received {seed}')
    ants = load_ants()
    os.environ.update(ants_environment(seed))
    ants.config.set_ants_deterministic(on=True, seed_value=seed)
    return ants


def to_ants(image: 'nb.Nifti1Image'):
    """Return a 3D image as an ANTs image (float32, LPS+ world)."""
    import nibabel as nb

    # A new image, because nibabel caches the voxels in the image that they are read from.
    volume = nb.Nifti1Image(image.dataobj, image.affine)
    volume.header.set_xyzt_units('mm', 'sec')
    return load_ants().from_nibabel_nifti(volume)
