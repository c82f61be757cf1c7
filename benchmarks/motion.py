"""Known rigid movements of a scan, and the error of an alignment against them."""

from collections.abc import Sequence

import nibabel as nb
import numpy as np
from scipy.spatial.transform import Rotation

from pvs_workflow.science.geometry import to_canonical

MAX_ANGLE = 25.0  # degrees
MAX_SHIFT = 40.0  # mm
LOST_ORIGIN = 150.0  # mm, shift of a header with a nonsensical origin


def random_motion(
    rng: np.random.Generator, centre: Sequence[float], shift: float = MAX_SHIFT
) -> np.ndarray:
    """Draw a rigid movement: a rotation about a random axis, and a shift in a random direction.

    Angle and shift are drawn uniformly from zero to `MAX_ANGLE` and ``shift`` millimetres. The
    (4, 4) matrix moves points in millimetres; the axis passes through ``centre``.
    """
    angle = np.radians(rng.uniform(0, MAX_ANGLE))
    rotation = Rotation.from_rotvec(angle * _direction(rng)).as_matrix()
    out = np.eye(4)
    out[:3, :3] = rotation
    out[:3, 3] = centre - rotation @ centre + rng.uniform(0, shift) * _direction(rng)
    return out


def lost_origin(rng: np.random.Generator) -> np.ndarray:
    """Draw a shift of `LOST_ORIGIN` in a random direction, as after rewriting a header."""
    out = np.eye(4)
    out[:3, 3] = LOST_ORIGIN * _direction(rng)
    return out


def _direction(rng: np.random.Generator) -> np.ndarray:
    vector = rng.normal(size=3)
    return vector / np.linalg.norm(vector)


def disturb(image: nb.Nifti1Image, motion: np.ndarray) -> nb.Nifti1Image:
    """Move a scan by changing its header, and read it as the app does."""
    data, affine, _ = to_canonical(np.asarray(image.dataobj), motion @ image.affine)
    return nb.Nifti1Image(np.ascontiguousarray(data), affine)


def centre_of(image: nb.Nifti1Image) -> np.ndarray:
    """Return the centre of a volume in RAS millimetres."""
    return nb.affines.apply_affine(image.affine, (np.array(image.shape) - 1) / 2)


def points_of(mask: np.ndarray, affine: np.ndarray) -> np.ndarray:
    """Return the centres of a mask's voxels, (n, 3), in RAS millimetres."""
    return nb.affines.apply_affine(affine, np.argwhere(mask))


def target_errors(matrix: np.ndarray, truth: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return the target registration error at each point, in millimetres (Fitzpatrick 1998).

    ``matrix`` and ``truth`` are (4, 4) matrices from the fixed to the moving scan, ``points``
    (n, 3) millimetres of the fixed scan.
    """
    differences = nb.affines.apply_affine(matrix, points) - nb.affines.apply_affine(truth, points)
    return np.linalg.norm(differences, axis=1)
