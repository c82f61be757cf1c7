"""Rigid transforms of known angles."""

import numpy as np


def turn(angles, shift):
    """Return a rigid matrix, RAS millimetres."""
    x, y, z = np.radians(angles)
    rx = [[1, 0, 0], [0, np.cos(x), -np.sin(x)], [0, np.sin(x), np.cos(x)]]
    ry = [[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]]
    rz = [[np.cos(z), -np.sin(z), 0], [np.sin(z), np.cos(z), 0], [0, 0, 1]]
    matrix = np.eye(4)
    matrix[:3, :3] = np.array(rx) @ ry @ rz
    matrix[:3, 3] = shift
    return matrix
