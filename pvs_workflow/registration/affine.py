"""The template laid on a head, by turning, shifting, stretching and shearing alone."""

import tempfile
from pathlib import Path

import nibabel as nb
import numpy as np

from pvs_workflow.errors import RegistrationError
from pvs_workflow.files import atomic_path
from pvs_workflow.registration.coarse import coarse_image
from pvs_workflow.registration.engine import start, to_ants
from pvs_workflow.registration.writing import write_transform

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


def register_affine(
    fixed: nb.Nifti1Image, template: nb.Nifti1Image, transform: Path, seed: int
) -> None:
    """Find the affine transform that carries the template to a head.

    Parameters
    ----------
    fixed : nibabel image, 3D
        The head. Its shading does no harm.
    template : nibabel image, 3D
        Of the same contrast.
    transform : Path
        Where to write it: ITK text (``.txt``), from points of the scan to points of the template
        in LPS millimetres.
    seed : int

    Raises
    ------
    RegistrationError
        If the head would be implausibly large or small.

    """
    ants = start(seed)
    head, moving = (to_ants(coarse_image(image, GRID)) for image in (fixed, template))
    with tempfile.TemporaryDirectory() as folder:
        ants.registration(head, moving, 'Affine', outprefix=f'{folder}/head_', **_AFFINE)
        found = ants.read_transform(f'{folder}/head_0GenericAffine.mat')
    with atomic_path(transform) as path:
        write_transform(ants, found, path)
    # The transform goes from the person to the template.
    ratio = 1 / np.linalg.det(transform_matrix(transform, seed)[:3, :3])
    low, high = VOLUME_RATIOS
    if not low <= ratio <= high:
        raise RegistrationError(
            'the template cannot be laid on it, expected a head of '
            f'{low:g} to {high:g} times the average volume, received {ratio:.2f} times'
        )


def transform_matrix(transform: Path, seed: int) -> np.ndarray:
    """Return a rigid or affine transform as a matrix.

    Parameters
    ----------
    transform : Path
        ITK text or ``.mat``, LPS millimetres.
    seed : int

    Returns
    -------
    (4, 4) array
        From fixed to moving points, in RAS+ millimetres.

    """
    found = start(seed).read_transform(str(transform))
    origin, *ends = (np.array(found.apply_to_point(p)) for p in np.eye(4, 3, -1).tolist())
    out = np.eye(4)
    out[:3, 3] = origin
    out[:3, :3] = np.stack(ends, axis=1) - origin[:, None]
    to_lps = np.diag([-1.0, -1.0, 1.0, 1.0])
    return to_lps @ out @ to_lps
