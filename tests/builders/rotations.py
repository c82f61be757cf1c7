"""Rigid transforms of known angles."""

import numpy as np
from scipy.spatial.transform import Rotation


def turn(angles, shift):
    """Return a (4, 4) rigid matrix of degrees about x, y and z and of a shift in millimetres."""
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_euler('XYZ', angles, degrees=True).as_matrix()
    matrix[:3, 3] = shift
    return matrix
