"""The template's anatomy, bent to a person's head."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import nibabel as nb
import numpy as np
from nibabel.affines import voxel_sizes

from pvs_workflow.errors import RegistrationError
from pvs_workflow.files import atomic_path
from pvs_workflow.registration.affine import register_affine
from pvs_workflow.registration.coarse import coarse_image
from pvs_workflow.registration.engine import start, to_ants
from pvs_workflow.registration.transforms import compose
from pvs_workflow.science.roi import roi_labels

FOCUS_MARGIN = 20.0
"""Millimetres around the region of interest within which SyN works."""

# Local correlation, radius 2 voxels, instead of mutual information: it needs no common histogram
# where coil shading differs between the scan and the template.
_SYN = {'syn_metric': 'CC', 'syn_sampling': 2, 'reg_iterations': (40, 20, 10)}


def register_template(
    fixed: nb.Nifti1Image,
    template: nb.Nifti1Image,
    atlas: nb.Nifti1Image,
    target: nb.Nifti1Image,
    transform: Path,
    seed: int,
    onward: Sequence[Path] = (),
) -> float:
    """Carry the template to a scan: affine, then SyN, then on to the grid of ``target``.

    The affine uses the whole head. SyN works only in a box around the basal ganglia, which are
    all that is carried over; outside it the affine alone holds.

    Parameters
    ----------
    fixed : nibabel image, 3D
        The scan that looks like the template: the T1w, or the T2w itself without one.
    template : nibabel image, 3D
        Of the same contrast.
    atlas : nibabel image, 3D
        Labels in template space, FreeSurfer numbers.
    target : nibabel image, 3D
        The T2w, whose field of view the composite covers.
    transform : Path
        Where to write the composite: one displacement field (``.nii.gz``, LPS millimetres).
    seed : int
    onward : sequence of Path
        Transforms from ``fixed`` to ``target``, none when they are the same scan.

    Returns
    -------
    float
        Correlation of ``fixed`` and the carried template in that box, −1 to 1.

    Raises
    ------
    RegistrationError
        If the affine is implausible, or the region falls outside ``fixed``.

    """
    ants = start(seed)
    head = coarse_image(fixed)
    moving = to_ants(coarse_image(template))
    with tempfile.TemporaryDirectory() as folder:
        affine = Path(folder) / 'affine.txt'
        register_affine(fixed, template, affine, seed)
        region = nb.Nifti1Image(
            np.float32(roi_labels(np.asarray(atlas.dataobj)) > 0), atlas.affine
        )
        carried = ants.apply_transforms(to_ants(head), to_ants(region), [str(affine)])
        box = to_ants(_crop(head, carried.numpy() > 0.5, FOCUS_MARGIN))
        found = ants.registration(
            box,
            moving,
            'SyNOnly',
            initial_transform=[str(affine)],
            outprefix=f'{folder}/focus_',
            **_SYN,
        )
        chain = [*onward, *(Path(name) for name in found['fwdtransforms'])]
        with atomic_path(transform) as path:
            compose(target, template, chain, path, seed)
        bent = ants.apply_transforms(box, moving, found['fwdtransforms'])
        return float(np.corrcoef(box.numpy().ravel(), bent.numpy().ravel())[0, 1])


def _crop(image: nb.Nifti1Image, region: np.ndarray, margin: float) -> nb.Nifti1Image:
    if np.count_nonzero(region) < 100:
        raise RegistrationError(
            'its field of view does not show the basal ganglia, expected a scan of the whole brain'
        )
    box = []
    for indices, size in zip(np.nonzero(region), voxel_sizes(image.affine), strict=True):
        border = int(np.ceil(margin / size))
        box.append(slice(max(int(indices.min()) - border, 0), int(indices.max()) + border + 1))
    return image.slicer[tuple(box)]


def jacobian_range(transform: Path) -> tuple[float, float]:
    """Return the least and the largest local volume change of a displacement field.

    A least value ≤ 0 means that the field folds space.

    Parameters
    ----------
    transform : Path
        ITK displacement field, LPS millimetres.

    """
    field = nb.load(transform)
    vectors = np.squeeze(np.asarray(field.dataobj, dtype=np.float64)) * [-1, -1, 1]  # to RAS
    per_mm = np.stack(np.gradient(vectors, axis=(0, 1, 2)), axis=-1) @ np.linalg.inv(
        field.affine[:3, :3]
    )
    determinant = np.linalg.det(per_mm + np.eye(3))
    return float(determinant.min()), float(determinant.max())
