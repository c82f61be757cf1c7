"""Headers as other programs leave them: read, refused in one sentence, or flagged."""

import nibabel as nb
import numpy as np
import pytest

from pvs_workflow.derivatives.images import restore
from pvs_workflow.errors import ImageError
from pvs_workflow.inputs.nifti import open_nifti
from pvs_workflow.method.conform import conform
from tests.builders.untidy_images import example_t2w, save, sform_fields, with_header

AFFINE = example_t2w()[1]


def moved(angle=12.0, shift=(4.0, -18.0, 22.0)):
    """Return an affine as SPM sets it: turned around the left–right axis and shifted."""
    turn, radians = np.eye(4), np.radians(angle)
    turn[1:3, 1:3] = [[np.cos(radians), -np.sin(radians)], [np.sin(radians), np.cos(radians)]]
    turn[:3, 3] = shift
    return turn @ AFFINE


def scaled(*factors):
    return AFFINE @ np.diag([*factors, 1.0])


SHEARED = AFFINE @ np.array([[1, 0, 0, 0], [0, 1, 0, 0], [1.5, 0, 1, 0], [0, 0, 0, 1.0]])
MIRRORED = np.diag([-1.0, 1, 1, 1]) @ AFFINE

READ = {
    'sform moved by SPM': (sform_fields(moved(), 2), moved()),
    'sform turned by 35°': (sform_fields(moved(35), 2), moved(35)),
    'sform of a template': (sform_fields(moved(), 4), moved()),
    'no qform': ({'qform_code': 0, 'quatern_b': 0.9}, AFFINE),
    'qform only': ({'sform_code': 0}, AFFINE),
    'qform only, garbage in the sform': (sform_fields(np.full((4, 4), 7e8), 0), AFFINE),
    'qform only, sheared sform': (sform_fields(SHEARED, 0), AFFINE),
    'sizes rounded in the header': ({'pixdim_1': 0.57, 'pixdim_2': 0.57}, AFFINE),
    'no sizes in the header': ({'pixdim_1': 0, 'pixdim_2': 0, 'pixdim_3': 0}, AFFINE),
    'negative sizes': ({'pixdim_1': -0.573, 'pixdim_3': -5.0}, AFFINE),
    'sizes of NaN': ({'pixdim_3': np.nan, 'qform_code': 0}, AFFINE),
    'NaN in the qform': ({'quatern_c': np.nan}, AFFINE),
    'handedness 0 of an unused qform': ({'pixdim_0': 0, 'qform_code': 0}, AFFINE),
    'seconds and metres as unit, sizes in mm': ({'xyzt_units': 9}, AFFINE),
    'sizes 3 % apart': (sform_fields(scaled(1.03, 1.03, 1)), scaled(1.03, 1.03, 1)),
}

REFUSED = {
    'sform of 1 mm': (
        sform_fields(np.diag([-1.0, -1, 1, 1])),
        'its sform has voxels of 1 × 1 × 1 mm, its pixdim 0.573 × 0.573 × 5 mm',
    ),
    'pixdim of 1 mm': (dict.fromkeys(('pixdim_1', 'pixdim_2', 'pixdim_3'), 1), 'its sform has'),
    'sform of 4 mm slices': (sform_fields(scaled(1, 1, 0.8)), '× 4 mm, its pixdim .* × 5 mm'),
    'sform with exchanged axes': (sform_fields(AFFINE[:, [2, 0, 1, 3]]), 'its sform has voxels'),
    'qform only, without sizes': ({'sform_code': 0, 'pixdim_3': 0}, 'a size of 0 mm'),
    'sform in micrometres': (sform_fields(scaled(1e3, 1e3, 1e3)), 'or its unit'),
    'qform in metres': (
        {'sform_code': 0, 'pixdim_1': 573e-6, 'pixdim_2': 573e-6, 'pixdim_3': 5e-3},
        'or its unit',
    ),
    'sheared sform': (sform_fields(SHEARED), 'its affine is sheared .* of a wrong sform to 0'),
    'neither form': ({'sform_code': 0, 'qform_code': 0}, 'where left and right are'),
}

OPPOSED = {
    'sform mirrored': sform_fields(MIRRORED),
    'sform turned around': sform_fields(np.diag([-1.0, -1, 1, 1]) @ AFFINE),
    'wrong handedness of the qform': {'pixdim_0': -1.0},
}


@pytest.mark.parametrize('name', READ)
def test_a_usable_position_is_read_and_kept(tmp_path, name):
    fields, affine = READ[name]
    path = with_header(tmp_path / 'sub-01_T2w.nii', **fields)
    scan = conform(path, is_t2w=True)
    original = open_nifti(path)
    assert scan.problems == ()
    assert np.allclose(original.affine, affine, atol=1e-3)
    assert np.array_equal(np.sort(scan.image.dataobj, axis=None), np.sort(example_t2w()[0], None))
    # All results have both forms of the T2w, even unused ones.
    nb.save(restore(scan.image, original), tmp_path / 'out.nii')
    saved = nb.load(tmp_path / 'out.nii')
    assert np.allclose(saved.affine, affine, atol=1e-3)
    for field in ('sform_code', 'qform_code', 'srow_x', 'srow_z', 'quatern_b', 'qoffset_x'):
        assert np.array_equal(saved.header[field], original.header[field], equal_nan=True), field
    assert np.allclose(saved.header.get_zooms(), nb.affines.voxel_sizes(affine), rtol=0.04)


@pytest.mark.parametrize('name', REFUSED)
def test_a_contradictory_position_is_refused_in_one_sentence(tmp_path, name):
    fields, message = REFUSED[name]
    path = with_header(tmp_path / 'sub-01_T2w.nii', **fields)
    with pytest.raises(ImageError, match=f'sub-01_T2w.nii cannot be used: .*{message}'):
        conform(path, is_t2w=True)


@pytest.mark.parametrize('name', OPPOSED)
def test_forms_that_swap_sides_are_flagged(tmp_path, name):
    path = with_header(tmp_path / 'sub-01_T2w.nii', **OPPOSED[name])
    (problem,) = conform(path, is_t2w=True).problems
    assert 'so left may be right' in problem


def test_the_same_forms_in_both_codes_are_no_problem(tmp_path):
    values, affine = example_t2w()
    for storage in ('LPS', 'RAS', 'ASL'):
        turn = nb.orientations.ornt_transform(
            nb.io_orientation(affine), nb.orientations.axcodes2ornt(storage)
        )
        image = nb.Nifti1Image(values, affine).as_reoriented(turn)
        path = save(tmp_path / f'{storage}.nii', image.dataobj, image.affine)
        assert conform(path, is_t2w=True).problems == ()
