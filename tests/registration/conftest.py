"""Heads to register: the template's own, moved and bent by known amounts."""

import nibabel as nb
import numpy as np
import pytest

from pvs_workflow import data

TEMPLATE = 'tpl-MNI152NLin2009cSym_res-1_{}.nii.gz'


@pytest.fixture(scope='session')
def template():
    """Return a reader of the template's images."""

    def read(name):
        image = nb.load(data.path('template', TEMPLATE.format(name)))
        return nb.Nifti1Image(np.asarray(image.dataobj).astype(np.float32), image.affine)

    return read


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
