import nibabel as nb
import numpy as np
import pytest
from nibabel.affines import apply_affine

from pvs_workflow.errors import RegistrationError
from pvs_workflow.registration.affine import register_affine, transform_matrix
from tests.registration.conftest import turn

SEED = 7


def write_itk(path, matrix, centre):
    """Write a RAS matrix as an ITK text transform about some centre."""
    flip = np.diag([-1.0, -1.0, 1.0, 1.0])
    lps = flip @ matrix @ flip
    offset = lps[:3, 3] - centre + lps[:3, :3] @ centre
    path.write_text(
        '#Insight Transform File V1.0\n#Transform 0\n'
        'Transform: AffineTransform_double_3_3\n'
        f'Parameters: {" ".join(map(str, [*lps[:3, :3].ravel(), *offset]))}\n'
        f'FixedParameters: {" ".join(map(str, centre))}\n'
    )
    return path


def test_a_matrix_is_read_in_ras(tmp_path):
    stretched = turn((-9, 2, 1), (1, 2, 30)) @ np.diag([1.1, 0.9, 1.05, 1])
    for centre in (np.zeros(3), np.array([3.0, -20.0, 8.0])):
        path = write_itk(tmp_path / 'affine.txt', stretched, centre)
        assert transform_matrix(path, SEED) == pytest.approx(stretched, abs=1e-4)


@pytest.mark.slow
def test_a_stretched_template_is_found_again(template, tmp_path):
    image = template('T1w')
    stretch = turn((5, -6, 8), (12, -9, 15)) @ np.diag([1.08, 0.93, 1.04, 1])
    head = nb.Nifti1Image(np.asarray(image.dataobj), stretch @ image.affine)
    register_affine(head, image, tmp_path / 'a.txt', SEED)
    register_affine(head, image, tmp_path / 'b.txt', SEED)
    assert (tmp_path / 'a.txt').read_bytes() == (tmp_path / 'b.txt').read_bytes()
    there = np.array([[x, y, z] for x in (-30, 30) for y in (-20, 20) for z in (-8, 20)])
    found = apply_affine(transform_matrix(tmp_path / 'a.txt', SEED), apply_affine(stretch, there))
    assert np.linalg.norm(found - there, axis=1).mean() < 0.5  # mm


@pytest.mark.slow
def test_a_head_far_too_small_is_refused(template, tmp_path):
    image = template('T1w')
    head = nb.Nifti1Image(np.asarray(image.dataobj), np.diag([0.6, 0.6, 0.6, 1]) @ image.affine)
    with pytest.raises(RegistrationError, match=r'0\.4 to 2\.5 times the average volume'):
        register_affine(head, image, tmp_path / 'a.txt', SEED)
