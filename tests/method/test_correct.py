import numpy as np
import pytest

from pvs_workflow.method.correct import correct
from tests.builders.method import conformed, thick_t2w


@pytest.mark.slow
def test_only_the_intensities_change():
    t2w = conformed(thick_t2w(np.eye(4)))
    corrected = correct(t2w, 7)
    assert corrected.storage == t2w.storage
    assert np.array_equal(corrected.image.affine, t2w.image.affine)
    before, after = (np.asarray(scan.image.dataobj) for scan in (t2w, corrected))
    assert after.dtype == np.float32
    assert 0.95 < np.corrcoef(before.ravel(), after.ravel())[0, 1] < 1
