from dataclasses import replace

import nibabel as nb
import numpy as np
import pytest

from pvs_workflow import data
from pvs_workflow.errors import ImageError
from pvs_workflow.method.cut import cut
from pvs_workflow.method.locate import BasalGanglia
from pvs_workflow.science.geometry import Storage
from tests.builders.method import small_head

MODEL = data.path('cascade')


def test_images_are_ordered_left_then_right_from_the_bottom_up():
    t2w, located = small_head()
    six = cut(t2w, located, MODEL)
    assert [view.hemisphere for view in six.views] == list('LLLRRR')
    assert [view.rank for view in six.views] == [1, 2, 3] * 2
    assert six.slices == (3, 4, 5) * 2
    assert six.images.shape == six.rois.shape == six.shown.shape == (6, 80, 96)
    # Figures show the surroundings of the ROI; the cascade does not get them.
    outside = six.images == 0
    assert np.array_equal(six.images[~outside], six.shown[~outside])
    assert np.count_nonzero(six.shown[outside]) > 100


def test_slice_indices_are_those_of_the_file():
    t2w, located = small_head()
    flipped = Storage((12, 80, 60), ((2, -1), (0, 1), (1, 1)))
    assert cut(replace(t2w, storage=flipped), located, MODEL).slices == (8, 7, 6) * 2


def test_the_slice_index_of_a_slab_is_that_of_its_central_slice():
    t2w, located = small_head()
    thin = t2w.image.affine @ np.diag([1, 1, 0.25, 1])  # 1 mm, five of which make a slab

    def repeated(image):
        return nb.Nifti1Image(np.asarray(image.dataobj).repeat(5, axis=2), thin)

    storage = Storage((80, 60, 60), ((0, 1), (1, 1), (2, 1)))
    thick = BasalGanglia(repeated(located.structures), repeated(located.roi))
    six = cut(replace(t2w, image=repeated(t2w.image), storage=storage), thick, MODEL)
    assert six.slices == (17, 22, 27) * 2


def test_an_error_names_the_missing_hemisphere():
    t2w, located = small_head()
    left = np.where(np.asarray(located.roi.dataobj) == 1, 1, 0).astype(np.uint8)
    roi = nb.Nifti1Image(left, located.roi.affine)
    with pytest.raises(ImageError, match=r'^T2w\.nii\.gz .* the right basal'):
        cut(t2w, BasalGanglia(located.structures, roi), MODEL)
