import nibabel as nb
import numpy as np
import pytest
from nibabel.affines import apply_affine
from scipy.ndimage import binary_erosion

from pvs_workflow.errors import ImageError, NoInputError
from pvs_workflow.lab.simulation.grids import rigid
from pvs_workflow.lab.simulation.labelmaps import (
    find_label_maps,
    label_template,
    load_label_map,
    rigid_fit,
)
from pvs_workflow.lab.simulation.relaxation import draw_tissues, signals
from pvs_workflow.lab.simulation.template import PUTAMEN_T2, WHITE_T1
from pvs_workflow.science.roi import STRUCTURES, structure_values
from tests.builders.anatomies import read, template_labels, write_label_map
from tests.places import REAL

GRID = np.eye(4)
GRID[:3, 3] = [-96, -132, -78]  # the template's space, and all of a head
LABEL_MAPS = REAL.with_name('label_maps')


@pytest.fixture(scope='module')
def tissues():
    return draw_tissues(np.random.default_rng(0), 'paper', 81.0, 4450.0)


@pytest.mark.parametrize('seed', range(5))
def test_rigid_fit_recovers_a_known_movement(seed):
    rng = np.random.default_rng(seed)
    movement = rigid(rng.uniform(-60, 60, 3), rng.uniform(-40, 40, 3))
    points = rng.normal(0, 30, (8, 3))
    fitted = rigid_fit(points, apply_affine(movement, points))
    np.testing.assert_allclose(fitted, movement, atol=1e-9)
    noisy = rigid_fit(points, apply_affine(movement, points) + rng.normal(0, 0.5, (8, 3)))
    np.testing.assert_allclose(noisy, movement, atol=2)


def test_rigid_fit_never_mirrors():
    points = np.random.default_rng(3).normal(0, 30, (10, 3))
    fitted = rigid_fit(points, points * [-1, 1, 1])
    assert np.linalg.det(fitted[:3, :3]) == pytest.approx(1)


def test_a_moved_label_map_comes_to_the_templates_place(label_map):
    placed = load_label_map(label_map)
    expected = template_labels()
    low = np.round(read('T1w').affine[:3, 3] - GRID[:3, 3]).astype(int)
    there = placed[tuple(slice(a, a + n) for a, n in zip(low, expected.shape, strict=True))]
    for structure in STRUCTURES:
        if structure.index in np.unique(expected):
            one, two = there == structure.index, expected == structure.index
            dice = 2 * np.count_nonzero(one & two) / (one.sum() + two.sum())
            assert dice > 0.97, structure
    assert np.mean(there == expected) > 0.99


@pytest.mark.slow
def test_a_real_label_map_comes_to_the_templates_place():
    if not LABEL_MAPS.is_dir():
        pytest.skip(f'no label maps in {LABEL_MAPS} (set PVS_REAL_DATA)')
    placed = load_label_map(find_label_maps(LABEL_MAPS)[0])
    for number in (11, 12, 50, 51):
        here, there = (
            apply_affine(affine, np.argwhere(labels == number).mean(axis=0)[None])[0]
            for labels, affine in (
                (placed, GRID),
                (template_labels(), read('T1w').affine),
            )
        )
        assert np.linalg.norm(here - there) < 8
        assert (here[0] < 0) == (number < 50)


def test_signals_are_those_of_the_signal_equations(label_map, tissues):
    anatomy = load_label_map(label_map)
    before = anatomy.copy()
    made = label_template(anatomy, tissues, whole=False)
    low = np.round(made.t2.affine[:3, 3] - GRID[:3, 3]).astype(int)
    t2w, t1w = signals(tissues)
    for name in ('putamen', 'caudate', 'pallidum', 'thalamus'):
        inside = np.isin(anatomy, structure_values('L', name))
        inside = binary_erosion(inside, iterations=2)
        inside = inside[
            tuple(slice(a, a + n) for a, n in zip(low, made.t2.values.shape, strict=True))
        ]
        assert made.t2.values[inside].mean() / PUTAMEN_T2 == pytest.approx(t2w[name], rel=0.01)
        assert made.t1.values[inside].mean() / WHITE_T1 == pytest.approx(t1w[name], rel=0.01)
    np.testing.assert_array_equal(anatomy, before)


@pytest.mark.slow
def test_a_part_of_a_head_is_the_same_as_the_whole(label_map, tissues):
    anatomy = load_label_map(label_map)
    whole, part = (label_template(anatomy, tissues, whole=whole) for whole in (True, False))
    assert part.t2.values.size < whole.t2.values.size / 2
    points = np.random.default_rng(1).uniform(-1, 1, (3, 4000)) * np.array([[35], [25], [18]])
    for name in ('t1', 't2', 'structures', 'pallidum'):
        one, two = (getattr(made, name).sample(points) for made in (whole, part))
        np.testing.assert_allclose(one, two, atol=1e-3 * np.abs(one).max())
    np.testing.assert_array_equal(whole.corners, part.corners)
    assert (whole.structures.sample(points) > 0).any()


def test_vessels_in_the_putamen_are_putamen(label_map, tissues):
    anatomy = load_label_map(label_map)
    labels = anatomy.copy()
    index = tuple(np.argwhere(binary_erosion(labels == 12, iterations=3))[0])
    box = tuple(slice(i - 1, i + 2) for i in index)
    labels[box] = 30
    made = label_template(labels, tissues, whole=False)
    centre = GRID @ [*index, 1]
    assert made.structures.sample(centre[:3, None]).item() == 12
    assert made.t2.sample(centre[:3, None]).item() == pytest.approx(PUTAMEN_T2, rel=0.04)


def test_maps_are_found_in_order(tmp_path):
    with pytest.raises(NoInputError, match='has no anatomies, expected NIfTI label maps'):
        find_label_maps(tmp_path)
    for name in ('b.nii.gz', 'a.nii', 'notes.txt'):
        (tmp_path / name).touch()
    assert [path.name for path in find_label_maps(tmp_path)] == ['a.nii', 'b.nii.gz']


def test_a_map_without_a_nucleus_is_refused(tmp_path):
    path = write_label_map(tmp_path / 'one_sided.nii.gz', without=51)
    with pytest.raises(ImageError, match='received 3 axes without putamen R') as refused:
        load_label_map(path)
    assert '\n' not in str(refused.value)


def test_a_broken_map_is_refused(tmp_path):
    path = tmp_path / 'broken.nii.gz'
    path.write_bytes(b'no image')
    with pytest.raises(ImageError, match='cannot be read'):
        load_label_map(path)


def test_a_series_of_maps_is_refused(tmp_path):
    path = tmp_path / 'series.nii.gz'
    nb.Nifti1Image(np.zeros((4, 4, 4, 2), np.int16), np.eye(4)).to_filename(path)
    with pytest.raises(ImageError, match='it is 4D'):
        load_label_map(path)
