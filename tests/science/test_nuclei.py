import nibabel as nb
import numpy as np
import pytest
from nibabel.affines import apply_affine

from pvs_workflow.lab.simulation.grids import rigid
from pvs_workflow.science.nuclei import (
    BOX_CENTRE,
    BOX_SHAPE,
    CLASSES,
    box_affine,
    label_scan,
    nuclei_overlap,
    sample_box,
    standardise,
    structure_maps,
)


def test_the_box_has_its_documented_centre():
    corners = apply_affine(box_affine(), [np.zeros(3), np.array(BOX_SHAPE) - 1])
    assert corners.mean(axis=0) == pytest.approx(BOX_CENTRE)


def ramp(shape, affine):
    """Return a volume whose values are a linear function of position in millimetres."""
    *slopes, start = [1.0, 2.0, -0.5] @ affine[:3]
    i, j, k = (np.arange(n) * slope for n, slope in zip(shape, slopes, strict=True))
    values = i[:, None, None] + j[:, None] + k + start + 500
    return nb.Nifti1Image(values.astype(np.float32), affine)


@pytest.mark.parametrize('sizes', [(1.0, 1.0, 1.0), (0.6, 0.6, 5.0)])
def test_the_box_samples_the_scan_at_the_right_position(sizes):
    move = rigid((4, -3, 6), (5, -8, 4))
    shape = tuple(int(220 / size) for size in sizes)
    affine = move @ np.diag([*sizes, 1.0])
    affine[:3, 3] += move[:3, :3] @ [-110, -110, -110]
    box = sample_box(ramp(shape, affine), np.linalg.inv(move))
    points = apply_affine(move @ box_affine(), np.moveaxis(np.indices(BOX_SHAPE), 0, -1))
    np.testing.assert_allclose(box, points @ [1.0, 2.0, -0.5] + 500, atol=0.05)


def test_the_box_is_empty_outside_the_scan():
    affine = np.diag([1.0, 1.0, 1.0, 1.0])  # begins at the middle of the head
    box = sample_box(nb.Nifti1Image(np.ones((90, 90, 90), np.float32), affine), np.eye(4))
    points = apply_affine(box_affine(), np.moveaxis(np.indices(BOX_SHAPE), 0, -1))
    assert np.array_equal(box > 0.5, ((points >= 0) & (points <= 89)).all(axis=-1))


def ball(centre, radius):
    """Return probabilities of a box with a spherical putamen."""
    points = apply_affine(box_affine(), np.moveaxis(np.indices(BOX_SHAPE), 0, -1))
    inside = np.linalg.norm(points - centre, axis=-1) < radius
    out = np.zeros((*BOX_SHAPE, len(CLASSES)), np.float32)
    out[..., 0], out[..., CLASSES.index('putamen')] = ~inside, inside
    return out


@pytest.mark.parametrize(('x', 'value'), [(-25.0, 12), (25.0, 51)], ids=['left', 'right'])
def test_a_structure_gets_the_label_of_its_side_at_its_position(x, value):
    """The scan is rotated relative to the template; sides are those of the person."""
    move = rigid((6, -4, 10), (12, 5, -9))
    affine = move @ np.diag([0.7, 0.7, 4.0, 1.0])
    affine[:3, 3] += move[:3, :3] @ [-90, -80, -50]
    shape = (256, 230, 26)
    labels = label_scan(ball((x, 0, 8), 12.0), shape, affine, np.linalg.inv(move))
    assert set(np.unique(labels)) == {0, value}
    points = apply_affine(affine, np.argwhere(labels))
    assert points.mean(axis=0) == pytest.approx(apply_affine(move, [x, 0, 8]), abs=0.4)
    volume = len(points) * 0.7 * 0.7 * 4.0
    assert volume == pytest.approx(4 / 3 * np.pi * 12**3, rel=0.06)


@pytest.mark.parametrize(
    ('x', 'values'), [(-9.0, {0, 12}), (9.0, {0, 51}), (0.5, {0, 12, 51})], ids=['L', 'R', 'both']
)
def test_a_structure_that_crosses_the_midplane_stays_whole(x, values):
    """Only a piece centred on the midplane is split, as twins that touch."""
    affine = np.diag([1.0, 1.0, 4.0, 1.0])
    affine[:3, 3] = [-50, -50, -40]
    labels = label_scan(ball((x, 0, 8), 12.0), (100, 100, 26), affine, np.eye(4))
    assert set(np.unique(labels)) == values
    positions = apply_affine(affine, np.argwhere(labels))[:, 0]
    assert positions.min() <= -2
    assert positions.max() >= 2
    if len(values) == 3:
        assert (positions[labels[labels > 0] == 12] < 0.5).all()


def test_gain_and_offset_do_not_matter():
    values = np.random.default_rng(0).gamma(2, 30, 1000)
    assert standardise(values * 7 + 100) == pytest.approx(standardise(values), abs=1e-4)
    assert np.isfinite(standardise(np.zeros(10))).all()


def test_a_nucleus_overlaps_with_itself_and_not_with_its_twin():
    one, twin = ball((-25, 0, 8), 12.0), ball((25, 0, 8), 12.0)
    assert nuclei_overlap(one, one) == 1
    assert nuclei_overlap(one, twin) == 0
    # Balls with centres t = 1/2 radius apart overlap in 1 - 3/4 t + t³/16 of their volume.
    shifted = nuclei_overlap(one, ball((-25, 6, 8), 12.0))
    assert shifted == pytest.approx(1 - 3 / 8 + 1 / 128, abs=0.03)


def test_maps_separate_neighbours_and_merge_the_striatum():
    whole = np.eye(len(CLASSES)).reshape(1, 1, len(CLASSES), -1)
    maps = dict(zip(CLASSES, structure_maps(whole * 200)[0, 0].tolist(), strict=True))
    assert maps['background'] == [0, 0]
    assert maps['caudate'] == maps['putamen'] == maps['accumbens'] == [1, 0]
    assert maps['thalamus'] == [-1, 0]
    assert maps['pallidum'] == [0, 1]
    assert maps['lateral ventricle'] == [0, -1]


def test_maps_are_linear_in_the_shares():
    weights = np.random.default_rng(0).random((2, 2, 2, len(CLASSES)))
    share = weights / weights.sum(axis=-1, keepdims=True)
    whole = structure_maps(np.eye(len(CLASSES)).reshape(1, 1, len(CLASSES), -1))[0, 0]
    assert structure_maps(weights * 200) == pytest.approx(share @ whole, abs=1e-5)
