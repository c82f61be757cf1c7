"""The template's anatomy, bent to a person's."""

import tempfile
from pathlib import Path

import nibabel as nb
import numpy as np

from pvs_workflow.files import atomic_path
from pvs_workflow.registration.coarse import coarse_image
from pvs_workflow.registration.engine import start, to_ants
from pvs_workflow.registration.transforms import compose
from pvs_workflow.registration.writing import check_whole
from pvs_workflow.science.nuclei import BOX_SIZE

_SYN = {'syn_metric': 'MeanSquares', 'syn_sampling': 0, 'reg_iterations': (20, 10, 0)}
"""Not on the finest grid, where most of the time would go: the maps are smooth."""


def bend_template(
    box: nb.Nifti1Image,
    template: nb.Nifti1Image,
    target: nb.Nifti1Image,
    maps: tuple[np.ndarray, np.ndarray],
    affine: Path,
    transform: Path,
    seed: int,
) -> float:
    """Bend the template to a scan on which it has been laid, with SyN around the nuclei.

    Parameters
    ----------
    box : nibabel image, 3D
        The scan in template space, around the nuclei.
    template : nibabel image, 3D
        Of the same contrast.
    target : nibabel image, 3D
        The scan itself, whose field of view the composite covers.
    maps : two (x, y, z, k) arrays
        What the scan and the template show of the structures, -1 to 1, on the grid of ``box``.
        These are made to meet; what the images show beside them does not matter.
    affine : Path
        From points of ``target`` to the template's.
    transform : Path
        Where to write the composite: one displacement field (``.nii.gz``, LPS millimetres).
        Outside the box, the affine alone holds.
    seed : int

    Returns
    -------
    float
        Correlation of the scan and the bent template in the box, -1 to 1.

    """
    ants = start(seed)
    fixed, moving = (
        [_map(values[..., k], box.affine) for k in range(values.shape[-1])] for values in maps
    )
    others = [['MeanSquares', *pair, 1, 0] for pair in zip(fixed[1:], moving[1:], strict=True)]
    with tempfile.TemporaryDirectory() as folder:
        found = ants.registration(
            fixed[0],
            moving[0],
            'SyNOnly',
            initial_transform='Identity',
            outprefix=f'{folder}/bent_',
            multivariate_extras=others,
            **_SYN,
        )
        chain = found['fwdtransforms']
        for path in chain:
            if path.endswith('.nii.gz'):
                check_whole(Path(path))
        with atomic_path(transform) as path:
            compose(target, template, [affine, *map(Path, chain)], path, seed)
        scan = to_ants(box)
        bent = ants.apply_transforms(scan, to_ants(coarse_image(template, BOX_SIZE)), chain)
    return float(np.corrcoef(scan.numpy().ravel(), bent.numpy().ravel())[0, 1])


def _map(values: np.ndarray, affine: np.ndarray):
    return to_ants(nb.Nifti1Image(np.ascontiguousarray(values, dtype=np.float32), affine))


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
