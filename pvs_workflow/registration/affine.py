"""Affine registration of the template to a head."""

import tempfile

import nibabel as nb
import numpy as np

from pvs_workflow.errors import RegistrationError
from pvs_workflow.registration.engine import start_ants, to_ants
from pvs_workflow.registration.transforms import LinearTransform
from pvs_workflow.science.resampling import coarse_image

VOLUME_RATIOS = (0.4, 2.5)
"""Plausible ratios of head to template volume; others mean that the registration failed."""

GRID = 3.0
"""Voxel size at which the affine is estimated, mm."""

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
        The head; bias correction is not needed.
    template : nibabel image, 3D
        Template of the same contrast.
    seed : int
        Random seed of ANTs, > 0.

    Returns
    -------
    LinearTransform
        Maps points of the head to points of the template.

    Raises
    ------
    RegistrationError
        If the volume of the head relative to the template is implausible.

    """
    ants = start_ants(seed)
    head, moving = (to_ants(coarse_image(image, GRID)) for image in (fixed, template))
    with tempfile.TemporaryDirectory() as folder:
        ants.registration(head, moving, 'Affine', outprefix=f'{folder}/head_', **_AFFINE)
        transform = LinearTransform.from_ants(f'{folder}/head_0GenericAffine.mat')
    # The transform maps the person to the template.
    ratio = 1 / np.linalg.det(transform.matrix[:3, :3])
    low, high = VOLUME_RATIOS
    if not low <= ratio <= high:
        raise RegistrationError(
            f'the template does not fit: the head would have {ratio:.2f} times the average '
            f'volume, outside {low:g} to {high:g}; check the field of view'
        )
    return transform
