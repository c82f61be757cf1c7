import numpy as np
import pytest

from pvs_workflow.lab.simulation.heads import TEMPLATE_VOLUME, draw_labels, load_head, paint
from pvs_workflow.science.nuclei import BOX_SHAPE, box_affine
from tests.builders.anatomies import read, template_labels, write_label_map

PUTAMINA = (12, 51)


@pytest.fixture(scope='module')
def head(tmp_path_factory):
    return load_head(write_label_map(tmp_path_factory.mktemp('maps') / 'map.nii.gz'))


def test_the_template_volume_is_that_of_the_brain_mask():
    mask = np.asarray(read('desc-brain_mask').dataobj) > 0
    assert np.count_nonzero(mask) == TEMPLATE_VOLUME


def test_a_head_is_scaled_to_the_template(head):
    """The nuclei lie near those of the template, for label maps of different sizes."""
    affine = read('T1w').affine
    labels = template_labels()
    centres, volumes = [], []
    for seed in range(12):
        drawn = draw_labels(np.random.default_rng(seed), head)
        voxels = np.argwhere(np.isin(drawn, PUTAMINA))
        assert len(voxels)
        points = voxels @ box_affine()[:3, :3].T + box_affine()[:3, 3]
        centres.append(points.mean(axis=0))
        volumes.append(len(points) * 1.5**3)
    truth = np.argwhere(np.isin(labels, PUTAMINA)) @ affine[:3, :3].T + affine[:3, 3]
    assert np.mean(centres, axis=0) == pytest.approx(truth.mean(axis=0), abs=5)
    assert np.mean(volumes) == pytest.approx(len(truth), rel=0.25)
    assert np.std(volumes) > 0.03 * np.mean(volumes)


def test_left_and_right_are_preserved(head):
    drawn = draw_labels(np.random.default_rng(3), head)
    x = box_affine()[0, 0] * np.arange(BOX_SHAPE[0]) + box_affine()[0, 3]
    left, right = (np.nonzero(drawn == value)[0] for value in PUTAMINA)
    assert x[left].mean() < -15
    assert x[right].mean() > 15


def test_contrasts_differ_and_follow_the_labels(head):
    labels = draw_labels(np.random.default_rng(0), head)
    images = [paint(np.random.default_rng(seed), labels) for seed in range(8)]
    brighter = set()
    for image in images:
        assert image.shape == BOX_SHAPE
        assert np.isfinite(image).all()
        assert image.min() >= 0
        nucleus, white = image[np.isin(labels, PUTAMINA)], image[labels == 2]
        brighter.add(bool(np.median(nucleus) > np.median(white)))
    assert brighter == {True, False}
    assert np.array_equal(paint(np.random.default_rng(0), labels), images[0])
