"""Rigid registration of two scans of the same head."""

import tempfile
from pathlib import Path

import nibabel as nb
import numpy as np

from pvs_workflow.registration.engine import start_ants, to_ants
from pvs_workflow.registration.transforms import EULER, LinearTransform
from pvs_workflow.science.resampling import coarse_image

SEARCH = 4.0
"""Voxel size at which the starting positions are compared, mm."""

GRID = 2.0
"""Voxel size at which the better one is refined, mm."""

SAMPLING = {SEARCH: 0.2, GRID: 0.05}
"""Share of voxels that the metric samples, by voxel size; a regular lattice makes it reproducible.

Errors equal those of a stock registration at full resolution (docs/validation.md).
"""


def register_rigid(
    fixed: nb.Nifti1Image, moving: nb.Nifti1Image, seed: int
) -> tuple[LinearTransform, float]:
    """Register a scan to another scan of the same head by mutual information.

    Two starting positions are compared on a coarse grid: the scanner coordinates, which are wrong
    if a header was rewritten, and aligned centres of mass, which are wrong if one scan shows more
    neck. The better one is refined. The mirror image of ``moving`` is registered on the coarse
    grid as well: since heads are not symmetric, it fits better only if one scan has left and
    right swapped.

    Parameters
    ----------
    fixed, moving : nibabel images, 3D
        Canonical images.
    seed : int
        Random seed of ANTs, > 0.

    Returns
    -------
    transform : LinearTransform
        Maps points of ``fixed`` to points of ``moving``.
    handedness : float
        Mutual information with ``moving`` over that with its mirror image; below 1 if the mirror
        image fits better.

    """
    ants = start_ants(seed)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        low_fixed, low_moving = (coarse_image(image, SEARCH) for image in (fixed, moving))
        centre = _centre(fixed)
        best, similarity = _search(ants, low_fixed, low_moving, centre, Path(folder) / 'original_')
        mirrored = nb.Nifti1Image(np.asarray(low_moving.dataobj)[::-1].copy(), low_moving.affine)
        prefix = Path(folder) / 'mirrored_'
        _, mirror_similarity = _search(ants, low_fixed, mirrored, centre, prefix)
        high_fixed, high_moving = (to_ants(coarse_image(i, GRID)) for i in (fixed, moving))
        prefix = Path(folder) / 'refined_'
        refined = _run(ants, high_fixed, high_moving, prefix, [str(best)], GRID, (2, 1))
        # The mutual information of noise can be 0.
        return LinearTransform.from_ants(refined), similarity / max(mirror_similarity, 1e-6)


def _search(ants, fixed, moving, centre, prefix: Path) -> tuple[Path, float]:
    """Return the better of two coarse registrations and its mutual information (nats)."""
    fixed, moving = to_ants(fixed), to_ants(moving)
    identity = LinearTransform((0,) * 6, centre, EULER).save(Path(f'{prefix}identity.txt'))
    paths = [
        _run(ants, fixed, moving, Path(f'{prefix}{i}_'), initial, SEARCH, (4, 2))
        for i, initial in enumerate([[str(identity)], None])
    ]
    scores = [_similarity(ants, fixed, moving, path) for path in paths]
    best = int(np.argmax(scores))
    return paths[best], scores[best]


def _run(ants, fixed, moving, prefix: Path, initial, size: float, shrink) -> Path:
    ants.registration(
        fixed,
        moving,
        type_of_transform='Rigid',
        initial_transform=initial,
        outprefix=str(prefix),
        aff_random_sampling_rate=SAMPLING[size],
        aff_iterations=(100, 40),
        aff_shrink_factors=shrink,
        aff_smoothing_sigmas=(1, 0),
    )
    return Path(f'{prefix}0GenericAffine.mat')


def _similarity(ants, fixed, moving, transform: Path) -> float:
    aligned = ants.apply_transforms(fixed, moving, [str(transform)])
    return -float(ants.image_similarity(fixed, aligned, 'MattesMutualInformation'))


def _centre(image: nb.Nifti1Image) -> tuple[float, ...]:
    """Return the centre of a volume in ITK's LPS millimetres."""
    x, y, z = nb.affines.apply_affine(image.affine, (np.array(image.shape) - 1) / 2)
    return -x, -y, z
