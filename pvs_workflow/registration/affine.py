"""Affine registration of the template to a head."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import nibabel as nb
import numpy as np
from scipy.ndimage import affine_transform
from scipy.spatial.transform import Rotation
from skimage.metrics import normalized_mutual_information

from pvs_workflow.errors import RegistrationError
from pvs_workflow.registration.engine import load_ants, start_ants, to_ants
from pvs_workflow.registration.transforms import LinearTransform
from pvs_workflow.science.resampling import coarse_image

VOLUME_RATIOS = (0.4, 2.5)
"""Plausible ratios of head to template volume; others mean that the registration failed."""

GRID = 3.0
"""Voxel size at which the affine is estimated, mm."""

GOOD_FIT, POOR_FIT = 0.04, 0.03
"""Normalised mutual information of the brains: from the first value on, no other start is tried;
below the second, other angles and sizes are tried as well."""

ANGLES, SIZES = (-20.0, 20.0), (0.8, 1.25)
"""Angles about the left–right axis, degrees, and sizes of the head at further starts."""

_AFFINE = {
    'aff_iterations': (200, 100, 50),
    'aff_shrink_factors': (3, 2, 1),
    'aff_smoothing_sigmas': (2, 1, 0),
    'aff_random_sampling_rate': 0.1,
}
_BINS, _MIN_VOXELS = 16, 1000
"""Bins of the joint histogram along each axis, and the voxels that it needs."""


def register_affine(
    fixed: nb.Nifti1Image, template: nb.Nifti1Image, brain: nb.Nifti1Image, seed: int
) -> LinearTransform:
    """Register the template to a head with an affine transform.

    The registration starts from aligned centres of mass. On skull-stripped and cropped heads, it
    may collapse to a part of the brain. If the fit is not good, other starts compete: with the
    template's brain alone, at other angles and with other sizes. The one that fits best wins.

    Parameters
    ----------
    fixed : nibabel image, 3D
        The head; bias correction is not needed.
    template : nibabel image, 3D
        Template of the same contrast.
    brain : nibabel image, 3D
        Mask of the template's brain, on any grid.
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
    start_ants(seed)
    head, whole, mask = (coarse_image(image, GRID) for image in (fixed, template, brain))
    best, fit = None, -1.0
    for moving, angle, size, enough in _starts(whole, mask):
        if fit >= enough:
            break
        transform = register_once(head, moving, angle, size)
        other_fit = _fit(head, whole, mask, transform)
        if other_fit > fit:
            best, fit = transform, other_fit
    ratio, (low, high) = volume_ratio(best), VOLUME_RATIOS
    if not low <= ratio <= high:
        raise RegistrationError(
            f'the template does not fit: the head would have {ratio:.2f} times the average '
            f'volume, outside {low:g} to {high:g}; check the field of view'
        )
    return best


def volume_ratio(transform: LinearTransform) -> float:
    """Return the volume of a head over that of the template to which a transform maps it."""
    return 1 / float(np.linalg.det(transform.matrix[:3, :3]))


def _starts(
    whole: nb.Nifti1Image, mask: nb.Nifti1Image
) -> Iterator[tuple[nb.Nifti1Image, float, float, float]]:
    """Yield images, angles and sizes to start from, and the fit from which on each is needless."""
    inside = np.asarray(mask.dataobj) > 0.5
    brain = nb.Nifti1Image(np.where(inside, np.asarray(whole.dataobj), 0), whole.affine)
    yield whole, 0.0, 1.0, GOOD_FIT
    yield brain, 0.0, 1.0, GOOD_FIT
    for moving in (whole, brain):
        for angle in ANGLES:
            yield moving, angle, 1.0, POOR_FIT
        for size in SIZES:
            yield moving, 0.0, size, POOR_FIT


def register_once(
    head: nb.Nifti1Image, moving: nb.Nifti1Image, angle: float = 0.0, size: float = 1.0
) -> LinearTransform:
    """Register from aligned centres of mass, a given angle and a given size.

    Parameters
    ----------
    head, moving : nibabel images, 3D
        The head, and the template or its brain, both on coarse grids.
    angle : float
        Angle between the two about the left–right axis at the start, degrees.
    size : float
        Size of the head at the start, relative to ``moving``.

    Returns
    -------
    LinearTransform
        Maps points of the head to points of ``moving``.

    """
    ants = load_ants()
    images = [to_ants(image) for image in (head, moving)]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        centre, moving_centre = (np.array(ants.get_center_of_mass(image)) for image in images)
        linear = Rotation.from_euler('x', angle, degrees=True).as_matrix() / size
        start = LinearTransform((*linear.ravel(), *(moving_centre - centre)), tuple(centre))
        ants.registration(
            *images,
            'Affine',
            initial_transform=[str(start.save(Path(folder, 'start.txt')))],
            outprefix=f'{folder}/head_',
            **_AFFINE,
        )
        return LinearTransform.from_ants(f'{folder}/head_0GenericAffine.mat')


def _fit(
    head: nb.Nifti1Image, whole: nb.Nifti1Image, mask: nb.Nifti1Image, transform: LinearTransform
) -> float:
    """Return the normalised mutual information of head and template in the template's brain.

    It is that of Studholme et al. (1999, Pattern Recognition 32:71) minus 1, 0 to 1.
    """
    moving, inside = (_resample(image, head, transform) for image in (whole, mask))
    values = [image[inside > 0.5] for image in (np.asarray(head.dataobj), moving)]
    if values[0].size < _MIN_VOXELS:
        return 0.0
    clipped = [np.clip(part, *np.percentile(part, (0.5, 99.5))) for part in values]
    return float(normalized_mutual_information(*clipped, bins=_BINS)) - 1


def _resample(
    image: nb.Nifti1Image, head: nb.Nifti1Image, transform: LinearTransform
) -> np.ndarray:
    """Resample an image of the template to the grid of the head; -1 outside."""
    index = np.linalg.inv(image.affine) @ transform.matrix @ head.affine
    return affine_transform(
        np.asarray(image.dataobj),
        index[:3, :3],
        index[:3, 3],
        output_shape=head.shape,
        order=1,
        cval=-1,
    )
