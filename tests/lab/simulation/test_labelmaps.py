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
GRID[:3, 3] = [-96, -132, -78]  # template space, with the whole head
LABEL_MAPS = REAL.with_name('label_maps')


@pytest.fixture(scope='module')
def tissues():
    return draw_tissues(np.random.default_rng(0), 'paper', 81.0, 4450.0)


@pytest.mark.parametrize('seed', range(5))
def test_rigid_fit_recovers_a_known_transform(seed):
    rng = np.random.default_rng(seed)
    transform = rigid(rng.uniform(-60, 60, 3), rng.uniform(-40, 40, 3))
    points = rng.normal(0, 30, (8, 3))
    fitted = rigid_fit(points, apply_affine(transform, points))
    np.testing.assert_allclose(fitted, transform, atol=1e-9)
    noisy = rigid_fit(points, apply_affine(transform, points) + rng.normal(0, 0.5, (8, 3)))
    np.testing.assert_allclose(noisy, transform, atol=2)


def test_rigid_fit_never_reflects():
    points = np.random.default_rng(3).normal(0, 30, (10, 3))
    fitted = rigid_fit(points, points * [-1, 1, 1])
    assert np.linalg.det(fitted[:3, :3]) == pytest.approx(1)


def test_a_moved_label_map_is_aligned_with_the_template(label_map):
    aligned = load_label_map(label_map)
    expected = template_labels()
    low = np.round(read('T1w').affine[:3, 3] - GRID[:3, 3]).astype(int)
    labels = aligned[tuple(slice(a, a + n) for a, n in zip(low, expected.shape, strict=True))]
    for structure in STRUCTURES:
        if structure.index in np.unique(expected):
            mask, truth = labels == structure.index, expected == structure.index
            dice = 2 * np.count_nonzero(mask & truth) / (mask.sum() + truth.sum())
            assert dice > 0.97, structure
    assert np.mean(labels == expected) > 0.99


@pytest.mark.slow
def test_a_real_label_map_is_aligned_with_the_template():
    if not LABEL_MAPS.is_dir():
        pytest.skip(f'no label maps in {LABEL_MAPS} (set PVS_REAL_DATA)')
    aligned = load_label_map(find_label_maps(LABEL_MAPS)[0])
    for number in (11, 12, 50, 51):
        centre, expected = (
            apply_affine(affine, np.argwhere(labels == number).mean(axis=0)[None])[0]
            for labels, affine in (
                (aligned, GRID),
                (template_labels(), read('T1w').affine),
            )
        )
        assert np.linalg.norm(centre - expected) < 8
        assert (centre[0] < 0) == (number < 50)


def test_signals_follow_the_signal_equations(label_map, tissues):
    anatomy = load_label_map(label_map)
    before = anatomy.copy()
    template = label_template(anatomy, tissues, whole=False)
    low = np.round(template.t2.affine[:3, 3] - GRID[:3, 3]).astype(int)
    t2w, t1w = signals(tissues)
    for name in ('putamen', 'caudate', 'pallidum', 'thalamus'):
        mask = np.isin(anatomy, structure_values('L', name))
        mask = binary_erosion(mask, iterations=2)
        mask = mask[
            tuple(slice(a, a + n) for a, n in zip(low, template.t2.values.shape, strict=True))
        ]
        assert template.t2.values[mask].mean() / PUTAMEN_T2 == pytest.approx(t2w[name], rel=0.01)
        assert template.t1.values[mask].mean() / WHITE_T1 == pytest.approx(t1w[name], rel=0.01)
    np.testing.assert_array_equal(anatomy, before)


@pytest.mark.slow
def test_a_part_of_a_head_has_the_values_of_the_whole_head(label_map, tissues):
    anatomy = load_label_map(label_map)
    whole, part = (label_template(anatomy, tissues, whole=whole) for whole in (True, False))
    assert part.t2.values.size < whole.t2.values.size / 2
    points = np.random.default_rng(1).uniform(-1, 1, (3, 4000)) * np.array([[35], [25], [18]])
    for name in ('t1', 't2', 'structures', 'pallidum'):
        values, expected = (getattr(template, name).sample(points) for template in (whole, part))
        np.testing.assert_allclose(values, expected, atol=1e-3 * np.abs(values).max())
    np.testing.assert_array_equal(whole.corners, part.corners)
    assert (whole.structures.sample(points) > 0).any()


def test_vessels_in_the_putamen_are_labelled_putamen(label_map, tissues):
    anatomy = load_label_map(label_map)
    labels = anatomy.copy()
    index = tuple(np.argwhere(binary_erosion(labels == 12, iterations=3))[0])
    box = tuple(slice(i - 1, i + 2) for i in index)
    labels[box] = 30
    template = label_template(labels, tissues, whole=False)
    centre = GRID @ [*index, 1]
    assert template.structures.sample(centre[:3, None]).item() == 12
    assert template.t2.sample(centre[:3, None]).item() == pytest.approx(PUTAMEN_T2, rel=0.04)


def test_label_maps_are_listed_in_order(tmp_path):
    with pytest.raises(NoInputError, match='has no anatomies; give a folder of NIfTI label maps'):
        find_label_maps(tmp_path)
    for name in ('b.nii.gz', 'a.nii', 'notes.txt'):
        (tmp_path / name).touch()
    assert [path.name for path in find_label_maps(tmp_path)] == ['a.nii', 'b.nii.gz']


def test_a_label_map_without_a_nucleus_is_refused(tmp_path):
    path = write_label_map(tmp_path / 'one_sided.nii.gz', without=51)
    with pytest.raises(
        ImageError, match=r'\(3D\) lacks putamen R; give a 3D label map'
    ) as refused:
        load_label_map(path)
    assert '\n' not in str(refused.value)


def test_an_unreadable_label_map_is_refused(tmp_path):
    path = tmp_path / 'broken.nii.gz'
    path.write_bytes(b'no image')
    with pytest.raises(ImageError, match='cannot read the anatomy'):
        load_label_map(path)


def test_a_4d_label_map_is_refused(tmp_path):
    path = tmp_path / 'series.nii.gz'
    nb.Nifti1Image(np.zeros((4, 4, 4, 2), np.int16), np.eye(4)).to_filename(path)
    with pytest.raises(ImageError, match='it is 4D'):
        load_label_map(path)
