"""T2w of other orientations and places: read, refused with their name, or never passed."""

import nibabel as nb
import numpy as np
import pytest

from pvs_workflow.errors import ImageError
from pvs_workflow.method.conform import conform
from pvs_workflow.method.locate import find_nuclei, ganglia_in_view
from tests.builders.method import conformed, template_affine_at, thick_t2w
from tests.builders.untidy_images import acquire, hippocampal_slab, save

CORONAL, SAGITTAL = 'its slices of {} mm are coronal', 'its slices of {} mm are sagittal'

REFUSED = {
    'hippocampal slab': (lambda: hippocampal_slab(), CORONAL.format(2)),
    'hippocampal slab, tilted 25°': (lambda: hippocampal_slab(25), CORONAL.format(2)),
    'hippocampal slab, tilted −30°': (lambda: hippocampal_slab(-30), CORONAL.format(2)),
    'hippocampal slab, tilted 1e-5°': (lambda: hippocampal_slab(1e-5), CORONAL.format(2)),
    'hippocampal slab of 60 slices': (lambda: hippocampal_slab(10, 60), CORONAL.format(2)),
    'coronal 3 mm of the whole head': (
        lambda: acquire((0.9, 3, 0.9), (180, 210, 180), 5, storage='LSA'),
        CORONAL.format(3),
    ),
    'sagittal 4 mm of the whole head': (
        lambda: acquire((4, 0.9, 0.9), (180, 210, 180), storage='ASL'),
        SAGITTAL.format(4),
    ),
    '3D slab of the hippocampi, too narrow': (
        lambda: acquire((0.8, 0.8, 0.8), (180, 40, 160), 25, (0, -15, -8), 'LSA'),
        'its field of view is too small',
    ),
    'one half of the head': (
        lambda: acquire((0.8, 0.8, 4), (45, 200, 130), shift=(40, 0, 0)),
        'its field of view is too small',
    ),
    'two axial slices': (lambda: acquire((0.8, 0.8, 5), (180, 200, 10)), 'too few axial slices'),
    'isotropic 2 mm': (lambda: acquire((2, 2, 2), (180, 200, 150)), 'slices are too coarse'),
    'a mouse, 0.08 mm': (
        lambda: (hippocampal_slab()[0], np.diag([0.08, 0.08, 0.3, 1])),
        'its field of view is too small',
    ),
}

READ = {
    'axial, tilted 20°': lambda: acquire((0.9, 0.9, 4), (180, 200, 140), 20, storage='LPS'),
    'axial slices of 2.5 mm': lambda: acquire((0.9, 0.9, 2.5), (180, 200, 140)),
    'axial slab of 45 mm': lambda: acquire((0.9, 0.9, 3), (180, 200, 45)),
    '3D, sagittal storage': lambda: acquire((1, 1, 1), (180, 200, 160), 5, storage='ASL'),
    '3D, coronal storage': lambda: acquire((1, 1, 1), (180, 200, 160), -8, storage='LSA'),
    '3D, sagittal partitions of 1.2 mm': lambda: acquire((1.2, 1, 1), (180, 200, 160)),
}


@pytest.mark.parametrize('name', REFUSED)
def test_what_axial_slices_cannot_show_is_refused_by_its_name(tmp_path, name):
    make, message = REFUSED[name]
    path = save(tmp_path / 'sub-01_T2w.nii', *make())
    with pytest.raises(ImageError, match=f'sub-01_T2w.nii cannot be used: .*{message}') as error:
        conform(path, is_t2w=True)
    assert len(str(error.value).split()) <= 30


@pytest.mark.parametrize('name', READ)
def test_axial_and_3d_t2w_are_read(tmp_path, name):
    values, affine = READ[name]()
    scan = conform(save(tmp_path / 'sub-01_T2w.nii', values, affine), is_t2w=True)
    assert ''.join(nb.aff2axcodes(scan.image.affine)) == 'RAS'
    assert sorted(scan.image.shape) == sorted(values.shape)


@pytest.mark.parametrize('tilt', np.arange(-40, 41, 10.0))
@pytest.mark.parametrize('thickness', [1.9999, 2.0, 2.0001])
def test_the_answer_is_the_same_at_every_tilt(tmp_path, tilt, thickness):
    affine = hippocampal_slab(tilt, 4, thickness)[1]
    noise = np.random.default_rng(0).integers(0, 900, (60, 60, 30)).astype(np.int16)
    path = save(tmp_path / 'a.nii', noise, affine)
    with pytest.raises(ImageError, match='its slices of 2 mm are coronal; give a T2w with axial'):
        conform(path, is_t2w=True)


@pytest.fixture(scope='module')
def head():
    """Return the template's T2w with 5 mm slices, in template space."""
    return thick_t2w(np.eye(4))


@pytest.mark.parametrize(
    ('part', 'seen'),
    [
        (np.s_[:, :, :], 1.0),
        (np.s_[:, :, 8:18], 1.0),  # a slab of 50 mm around them
        (np.s_[:, :, :8], 0.0),  # neck, cerebellum and temporal lobes
        (np.s_[:, :, 14:], 0.1),  # the top of the caudate
        (np.s_[100:, :, :], 0.5),  # the right hemisphere
        (np.s_[:, 150:, :], 0.36),  # the frontal lobes
    ],
)
def test_the_visible_part_of_the_ganglia_decides(head, part, seen):
    scan = conformed(head.slicer[part])
    affine = template_affine_at(np.eye(4))
    assert ganglia_in_view(scan, affine) == pytest.approx(seen, abs=0.05)
    if seen < 0.6:
        with pytest.raises(ImageError, match=r'its field of view shows \d+% of the basal ganglia'):
            find_nuclei(scan, affine, 1)
