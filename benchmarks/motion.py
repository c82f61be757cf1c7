"""Known rigid movements of a scan, and how far from them an alignment is."""

from collections.abc import Sequence

import nibabel as nb
import numpy as np
from scipy.spatial.transform import Rotation

from pvs_workflow.science.geometry import to_canonical

MAX_ANGLE = 25.0  # degrees
MAX_SHIFT = 40.0  # mm
LOST_ORIGIN = 150.0  # mm by which a header with a nonsensical origin is off


def random_motion(
    rng: np.random.Generator, centre: Sequence[float], shift: float = MAX_SHIFT
) -> np.ndarray:
    """Draw a rigid movement: about a random axis through a point, and in a random direction.

    Rotation and shift are drawn evenly from zero to `MAX_ANGLE` and ``shift`` millimetres;
    the (4, 4) matrix moves points in millimetres and leaves ``centre`` to the shift alone.
    """
    angle = np.radians(rng.uniform(0, MAX_ANGLE))
    turn = Rotation.from_rotvec(angle * _direction(rng)).as_matrix()
    out = np.eye(4)
    out[:3, :3] = turn
    out[:3, 3] = centre - turn @ centre + rng.uniform(0, shift) * _direction(rng)
    return out


def lost_origin(rng: np.random.Generator) -> np.ndarray:
    """Draw a shift by `LOST_ORIGIN` in a random direction, as after a header was rewritten."""
    out = np.eye(4)
    out[:3, 3] = LOST_ORIGIN * _direction(rng)
    return out


def _direction(rng: np.random.Generator) -> np.ndarray:
    vector = rng.normal(size=3)
    return vector / np.linalg.norm(vector)


def disturb(image: nb.Nifti1Image, motion: np.ndarray) -> nb.Nifti1Image:
    """Move a scan by its header alone, and read it as the app would."""
    data, affine, _ = to_canonical(np.asarray(image.dataobj), motion @ image.affine)
    return nb.Nifti1Image(np.ascontiguousarray(data), affine)


def centre_of(image: nb.Nifti1Image) -> np.ndarray:
    """Return the middle of a volume in RAS millimetres."""
    return nb.affines.apply_affine(image.affine, (np.array(image.shape) - 1) / 2)


def points_of(mask: np.ndarray, affine: np.ndarray) -> np.ndarray:
    """Return the centres of a mask's voxels, (n, 3), in RAS millimetres."""
    return nb.affines.apply_affine(affine, np.argwhere(mask))


def target_errors(found: np.ndarray, truth: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return the target registration error at each point, in millimetres (Fitzpatrick 1998).

    ``found`` and ``truth`` are (4, 4) matrices from the fixed to the moving scan, ``points``
    (n, 3) millimetres of the fixed scan.
    """
    apart = nb.affines.apply_affine(found, points) - nb.affines.apply_affine(truth, points)
    return np.linalg.norm(apart, axis=1)
