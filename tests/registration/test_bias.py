import nibabel as nb
import numpy as np
import pytest

from pvs_workflow.registration.bias import correct_bias
from tests.builders.method import thick_t2w

pytestmark = pytest.mark.slow


def test_shading_is_removed_and_contrast_is_preserved():
    clean = thick_t2w(np.eye(4))
    data = np.asarray(clean.dataobj)
    x, y, _ = np.meshgrid(*[np.linspace(-1, 1, n) for n in data.shape], indexing='ij')
    shading = 1 + 0.3 * x - 0.2 * y
    shaded = nb.Nifti1Image((data * shading).astype(np.float32), clean.affine)
    out = np.asarray(correct_bias(shaded, 7).dataobj)
    head = data > 30
    before = np.std(np.log(shading[head]))
    ratio = np.log(out[head] / data[head])
    assert np.std(ratio) < 0.65 * before  # 0.61 on 6 mm, 0.55 on 4 mm
    assert abs(np.median(np.exp(ratio)) - 1) < 0.15
    assert np.array_equal(np.asarray(shaded.dataobj), (data * shading).astype(np.float32))
