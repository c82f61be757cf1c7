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
