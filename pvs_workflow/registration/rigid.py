"""Two scans of one head, laid on each other."""

import tempfile
from pathlib import Path

import nibabel as nb
import numpy as np

from pvs_workflow.files import atomic_path
from pvs_workflow.registration.coarse import COARSE, coarse_image
from pvs_workflow.registration.engine import start, to_ants
from pvs_workflow.registration.writing import write_transform

SEARCH = 4.0
"""Voxel edge, in millimetres, on which the starting positions compete."""

SAMPLING = {SEARCH: 0.2, COARSE: 0.05}
"""Part of the voxels that the metric looks at; on a regular lattice, so it is repeatable.

On the finer grid more would be slower only: errors are those of stock's full resolution
(docs/validation.md).
"""


def register_rigid(
    fixed: nb.Nifti1Image, moving: nb.Nifti1Image, transform: Path, seed: int
) -> float:
    """Find the rigid transform that carries ``moving`` to ``fixed``.

    Two starts compete on a very coarse grid, for either may be far off: the scanner's own
    coordinates (wrong after a header was rewritten), and coinciding centres of mass (wrong when
    one scan shows more neck). The better one is refined by mutual information. On the coarse grid
    the mirror image of ``moving`` is aligned, too: no head is its own mirror image, so that it
    fits better only if one of the two scans has left and right swapped.

    Parameters
    ----------
    fixed, moving : nibabel images, 3D
        Canonical.
    transform : Path
        Where to write the transform: ITK text (``.txt``), from fixed to moving points in LPS
        millimetres, as ``antsApplyTransforms`` takes it.
    seed : int

    Returns
    -------
    float
        Handedness: mutual information with ``moving``, over that with its mirror image. Under 1
        where the mirror image fits better.

    """
    ants = start(seed)
    with tempfile.TemporaryDirectory() as folder:
        low_fixed, low_moving = (coarse_image(image, SEARCH) for image in (fixed, moving))
        centre = _centre(fixed)
        best, similarity = _search(ants, low_fixed, low_moving, centre, Path(folder) / 'as_is_')
        mirrored = nb.Nifti1Image(np.asarray(low_moving.dataobj)[::-1].copy(), low_moving.affine)
        _, other = _search(ants, low_fixed, mirrored, centre, Path(folder) / 'mirrored_')
        high_fixed, high_moving = (to_ants(coarse_image(i, COARSE)) for i in (fixed, moving))
        prefix = Path(folder) / 'refined_'
        refined = _run(ants, high_fixed, high_moving, prefix, [str(best)], COARSE, (2, 1))
        with atomic_path(transform) as path:
            write_transform(ants, ants.read_transform(str(refined)), path)
    # Of noise there may be none to share.
    return similarity / max(other, 1e-6)


def _search(ants, fixed, moving, centre, prefix: Path) -> tuple[Path, float]:
    """Return the better of two starts on the coarsest grid, and its mutual information (nats)."""
    fixed, moving = to_ants(fixed), to_ants(moving)
    identity = Path(f'{prefix}identity.mat')
    turn = ants.create_ants_transform(
        transform_type='Euler3DTransform', dimension=3, center=centre
    )
    write_transform(ants, turn, identity)
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


def _centre(image: nb.Nifti1Image) -> list[float]:
    """Return the centre of a volume in ITK's LPS millimetres."""
    x, y, z = (image.affine @ np.append((np.array(image.shape) - 1) / 2, 1))[:3]
    return [-x, -y, z]
