import numpy as np
import pytest
from scipy.ndimage import affine_transform

from pvs_workflow.method.locate import find_nuclei, find_roi, register_template
from pvs_workflow.registration.syn import register_syn
from pvs_workflow.science.nuclei import structure_maps
from tests.builders.method import conformed, jacobian_range, template_image, thick_t2w, turn

pytestmark = pytest.mark.slow
SEED = 7


def test_a_shifted_template_is_warped_back_without_folds():
    """Maps that are shifted by two voxels are registered to the original maps."""
    t2w = conformed(thick_t2w(turn((1, 2, -4), (2, 0, 5))))
    affine = register_template(t2w, SEED)
    nuclei = find_nuclei(t2w, affine, SEED)
    assert np.unique(find_roi(nuclei).roi.dataobj).tolist() == [0, 1, 2]
    maps = structure_maps(np.asarray(nuclei.probabilities.dataobj))
    shift = np.eye(4)
    shift[1, 3] = 2.0  # voxels of 1.5 mm
    shifted = np.stack(
        [affine_transform(maps[..., k], shift, order=1) for k in range(maps.shape[-1])], axis=-1
    )
    template = template_image('T2w')
    fields = [
        register_syn(nuclei.box, template, t2w.image, pair, affine.transform, SEED)[0]
        for pair in ((maps, maps), (maps, shifted), (maps, shifted))
    ]
    plain, warped, again = (np.asarray(field.dataobj) for field in fields)
    assert warped.tobytes() == again.tobytes()
    assert jacobian_range(fields[1])[0] > 0.1
    displacement = np.linalg.norm(np.squeeze(warped - plain), axis=-1).max()
    assert 1.5 < displacement < 6.0  # mm
