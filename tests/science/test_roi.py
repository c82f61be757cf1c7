import nibabel as nb
import numpy as np
import pytest

from pvs_workflow import data
from pvs_workflow.science.roi import STRUCTURES, add_capsule, roi_labels, structure_values


@pytest.fixture(scope='module')
def atlas():
    image = nb.load(
        data.path('template', 'tpl-MNI152NLin2009cSym_res-1_atlas-CerebrA_dseg.nii.gz')
    )
    return np.asarray(image.dataobj).astype(np.int16), image.affine


def test_the_capsule_lies_between_the_nuclei(atlas):
    labels, _ = atlas
    structures = add_capsule(labels)
    assert np.array_equal(structures[labels > 0], labels[labels > 0])
    for hemisphere in 'LR':
        (capsule,) = structure_values(hemisphere, 'internal capsule')
        inside = np.argwhere(structures == capsule)
        nuclei = np.argwhere(
            np.isin(
                labels, structure_values(hemisphere, 'caudate', 'putamen', 'pallidum', 'accumbens')
            )
        )
        assert 3000 < len(inside) < 8000  # mm³
        assert (inside.min(axis=0) >= nuclei.min(axis=0)).all()
        assert (inside.max(axis=0) <= nuclei.max(axis=0)).all()
        putamen = np.argwhere(labels == structure_values(hemisphere, 'putamen')[0])
        lateral = np.abs(putamen[:, 0].mean() - labels.shape[0] / 2)
        assert np.abs(inside[:, 0].mean() - labels.shape[0] / 2) < lateral


def test_left_is_left_in_the_template(atlas):
    labels, affine = atlas
    roi = roi_labels(add_capsule(labels))
    for value, sign in ((1, -1), (2, 1)):
        x = nb.affines.apply_affine(affine, np.argwhere(roi == value))[:, 0]
        assert (np.sign(x) == sign).all()


def test_the_template_is_symmetric(atlas):
    roi = roi_labels(add_capsule(atlas[0]))
    assert np.array_equal(roi[::-1] == 1, roi == 2)


def test_thalamus_and_ventricles_are_not_in_the_roi(atlas):
    labels, _ = atlas
    roi = roi_labels(add_capsule(labels))
    for structure in STRUCTURES:
        if structure.name in ('thalamus', 'lateral ventricle'):
            assert not roi[labels == structure.index].any()


def test_a_single_nucleus_has_no_capsule():
    labels = np.zeros((20, 20, 1), np.int16)
    labels[5:15, 5, 0] = labels[5, 5:15, 0] = 12
    assert np.array_equal(add_capsule(labels), labels)


def test_the_capsule_fills_the_space_between_a_medial_and_a_lateral_nucleus():
    labels = np.zeros((20, 20, 1), np.int16)
    labels[5, 5:15, 0] = 51
    labels[12, 5:15, 0] = 50
    structures = add_capsule(labels)
    assert (structures[6:12, 5:15, 0] == 156).all()
    assert np.count_nonzero(structures == 156) == 60
