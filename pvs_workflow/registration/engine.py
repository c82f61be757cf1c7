"""ANTs, loaded with settings that make results repeat."""

import functools
import os
import sys
from types import ModuleType
from typing import TYPE_CHECKING

from pvs_workflow.errors import PVSError

if TYPE_CHECKING:
    import nibabel as nb

ENVIRONMENT = {'ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS': '1'}
"""ITK sums its metrics thread by thread, so that the last digits of a transform depend on the
number of threads. Each registration runs on one; several run in parallel processes."""


def ants_environment(seed: int) -> dict[str, str]:
    """Return the variables that every process with ANTs has.

    ``ants.registration(random_seed=…)`` is ignored by antspyx 0.6.3, these variables are not.
    """
    return ENVIRONMENT | {'ANTS_RANDOM_SEED': str(seed)}


@functools.cache
def load_ants() -> ModuleType:
    """Import :mod:`ants` on one thread.

    Raises
    ------
    PVSError
        If it was imported before, on another number of threads: ITK cannot change that later.

    """
    if 'ants' in sys.modules and not ENVIRONMENT.items() <= os.environ.items():
        raise PVSError(
            'ANTs is already loaded with more than one thread; start Python with '
            'ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS=1, or import ants later'
        )
    os.environ.update(ENVIRONMENT)
    import ants

    return ants


def start_ants(seed: int) -> ModuleType:
    """Fix ANTs' randomness and return the :mod:`ants` module.

    The seed is > 0, since ITK takes 0 for the time of day.
    """
    if seed <= 0:
        raise ValueError(f'the seed of a registration must be positive, received {seed}')
    ants = load_ants()
    os.environ.update(ants_environment(seed))
    ants.config.set_ants_deterministic(on=True, seed_value=seed)
    return ants


def to_ants(image: 'nb.Nifti1Image'):
    """Return the same volume as an ANTs image (float32, LPS+ world)."""
    import nibabel as nb

    # A new image, since nibabel keeps the voxels that are read for this as long as the image.
    volume = nb.Nifti1Image(image.dataobj, image.affine)
    volume.header.set_xyzt_units('mm', 'sec')
    return load_ants().from_nibabel_nifti(volume)
