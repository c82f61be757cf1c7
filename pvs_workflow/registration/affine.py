"""Affine registration of the template to a head."""

import tempfile

import nibabel as nb
import numpy as np

from pvs_workflow.errors import RegistrationError
from pvs_workflow.registration.engine import start_ants, to_ants
from pvs_workflow.registration.transforms import LinearTransform
from pvs_workflow.science.resampling import coarse_image

VOLUME_RATIOS = (0.4, 2.5)
"""Head volume over the template's: beyond, the affine has locked on to something else."""

GRID = 3.0
"""Voxel edge, in millimetres, on which the affine is estimated."""

_AFFINE = {
    'aff_iterations': (200, 100, 50),
    'aff_shrink_factors': (3, 2, 1),
    'aff_smoothing_sigmas': (2, 1, 0),
    'aff_random_sampling_rate': 0.1,
}


def register_affine(fixed: nb.Nifti1Image, template: nb.Nifti1Image, seed: int) -> LinearTransform:
    """Register the template to a head with an affine transform.

    Parameters
    ----------
    fixed : nibabel image, 3D
        The head. Its shading does no harm.
    template : nibabel image, 3D
        Of the same contrast.
    seed : int

    Returns
    -------
    LinearTransform
        From points of the head to points of the template.

    Raises
    ------
    RegistrationError
        If the head would be implausibly large or small.

    """
    ants = start_ants(seed)
    head, moving = (to_ants(coarse_image(image, GRID)) for image in (fixed, template))
    with tempfile.TemporaryDirectory() as folder:
        ants.registration(head, moving, 'Affine', outprefix=f'{folder}/head_', **_AFFINE)
        transform = LinearTransform.from_ants(f'{folder}/head_0GenericAffine.mat')
    # The transform goes from the person to the template.
    ratio = 1 / np.linalg.det(transform.matrix[:3, :3])
    low, high = VOLUME_RATIOS
    if not low <= ratio <= high:
        raise RegistrationError(
            'the template cannot be laid on it, expected a head of '
            f'{low:g} to {high:g} times the average volume, received {ratio:.2f} times'
        )
    return transform
