"""Rigid registration of two scans of one head."""

import tempfile
from pathlib import Path

import nibabel as nb
import numpy as np

from pvs_workflow.registration.engine import start_ants, to_ants
from pvs_workflow.registration.transforms import EULER, LinearTransform
from pvs_workflow.science.resampling import coarse_image

SEARCH = 4.0
"""Voxel edge, in millimetres, on which the starting positions compete."""

GRID = 2.0
"""Voxel edge, in millimetres, on which the better one is refined."""

SAMPLING = {SEARCH: 0.2, GRID: 0.05}
"""Part of the voxels that the metric looks at; on a regular lattice, so it is repeatable.

On the finer grid more would be slower only: errors are those of stock's full resolution
(docs/validation.md).
"""


def register_rigid(
    fixed: nb.Nifti1Image, moving: nb.Nifti1Image, seed: int
) -> tuple[LinearTransform, float]:
    """Register a scan to another one of the same head.

    Two starts compete on a very coarse grid, for either may be far off: the scanner's own
    coordinates (wrong after a header was rewritten), and coinciding centres of mass (wrong when
    one scan shows more neck). The better one is refined by mutual information. On the coarse grid
    the mirror image of ``moving`` is registered, too: no head is its own mirror image, so that it
    fits better only if one of the two scans has left and right swapped.

    Parameters
    ----------
    fixed, moving : nibabel images, 3D
        Canonical.
    seed : int

    Returns
    -------
    transform : LinearTransform
        From fixed to moving points.
    handedness : float
        Mutual information with ``moving``, over that with its mirror image. Under 1 where the
        mirror image fits better.

    """
    ants = start_ants(seed)
    with tempfile.TemporaryDirectory() as folder:
        low_fixed, low_moving = (coarse_image(image, SEARCH) for image in (fixed, moving))
        centre = _centre(fixed)
        best, similarity = _search(ants, low_fixed, low_moving, centre, Path(folder) / 'as_is_')
        mirrored = nb.Nifti1Image(np.asarray(low_moving.dataobj)[::-1].copy(), low_moving.affine)
        _, other = _search(ants, low_fixed, mirrored, centre, Path(folder) / 'mirrored_')
        high_fixed, high_moving = (to_ants(coarse_image(i, GRID)) for i in (fixed, moving))
        prefix = Path(folder) / 'refined_'
        refined = _run(ants, high_fixed, high_moving, prefix, [str(best)], GRID, (2, 1))
        # Of noise there may be none to share.
        return LinearTransform.from_ants(refined), similarity / max(other, 1e-6)


def _search(ants, fixed, moving, centre, prefix: Path) -> tuple[Path, float]:
    """Return the better of two starts on the coarsest grid, and its mutual information (nats)."""
    fixed, moving = to_ants(fixed), to_ants(moving)
    identity = LinearTransform((0,) * 6, centre, EULER).save(Path(f'{prefix}identity.txt'))
    tried = [
        _run(ants, fixed, moving, Path(f'{prefix}{i}_'), initial, SEARCH, (4, 2))
        for i, initial in enumerate([[str(identity)], None])
    ]
    scores = [_similarity(ants, fixed, moving, path) for path in tried]
    best = int(np.argmax(scores))
    return tried[best], scores[best]


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
