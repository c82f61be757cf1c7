"""Deformable registration of the template to the nuclei of a head."""

import tempfile
from pathlib import Path

import nibabel as nb
import numpy as np

from pvs_workflow.registration.engine import start_ants, to_ants
from pvs_workflow.registration.transforms import LinearTransform, check_whole, compose
from pvs_workflow.science.geometry import isotropic_grid
from pvs_workflow.science.nuclei import BOX_SIZE
from pvs_workflow.science.resampling import coarse_image

FIELD_GRID, FIELD_MARGIN = 2.0, 10.0
"""Voxel size of the composite field and its margin around the scan, mm; the field is smooth."""

_SYN = {'syn_metric': 'MeanSquares', 'syn_sampling': 0, 'reg_iterations': (20, 10, 0)}
"""Options of SyN; no iterations on the finest grid, because the maps are smooth."""


def register_syn(
    box: nb.Nifti1Image,
    template: nb.Nifti1Image,
    target: nb.Nifti1Image,
    maps: tuple[np.ndarray, np.ndarray],
    affine: LinearTransform,
    seed: int,
) -> tuple[nb.Nifti1Image, float]:
    """Warp the template to a head, by SyN around the nuclei.

    Parameters
    ----------
    box : nibabel image, 3D
        The head in template space, around the nuclei.
    template : nibabel image, 3D
        Template of the same contrast.
    target : nibabel image, 3D
        The head; the composite field covers its field of view.
    maps : two (x, y, z, k) arrays
        Structure maps of the head and of the template on the grid of ``box``, -1 to 1. SyN
        registers the maps, so image content outside the structures has no effect.
    affine : LinearTransform
        Maps points of ``target`` to points of the template.
    seed : int
        Random seed of ANTs, > 0.

    Returns
    -------
    field : nibabel image
        Displacements from points of ``target`` to points of the template, in ITK's format.
        Outside the box they are those of the affine.
    correlation : float
        Correlation of the head and the warped template in the box, -1 to 1.

    """
    ants = start_ants(seed)
    fixed, moving = (
        [_map(values[..., k], box.affine) for k in range(values.shape[-1])] for values in maps
    )
    extras = [['MeanSquares', *pair, 1, 0] for pair in zip(fixed[1:], moving[1:], strict=True)]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        chain = ants.registration(
            fixed[0],
            moving[0],
            'SyNOnly',
            initial_transform='Identity',
            outprefix=f'{folder}/warped_',
            multivariate_extras=extras,
            **_SYN,
        )['fwdtransforms']
        for path in chain:
            if path.endswith('.nii.gz'):
                check_whole(Path(path))
        shape, grid = isotropic_grid(target.shape, target.affine, FIELD_GRID, FIELD_MARGIN)
        field = compose(
            nb.Nifti1Image(np.zeros(shape, np.float32), grid),
            template,
            [affine.save(folder / 'affine.txt'), *map(Path, chain)],
            folder,
        )
        scan = to_ants(box)
        warped = ants.apply_transforms(scan, to_ants(coarse_image(template, BOX_SIZE)), chain)
    return field, float(np.corrcoef(scan.numpy().ravel(), warped.numpy().ravel())[0, 1])


def _map(values: np.ndarray, affine: np.ndarray):
    return to_ants(nb.Nifti1Image(np.ascontiguousarray(values, dtype=np.float32), affine))
