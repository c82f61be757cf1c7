import numpy as np
import pytest
from nibabel.affines import apply_affine
from scipy.spatial.transform import Rotation

from pvs_workflow.lab.simulation.grids import Grid, rigid
from pvs_workflow.lab.simulation.lesions import (
    KINDS,
    Lesion,
    add_lesions,
    draw_lesions,
    lesion_mask,
    lesion_share,
)
from pvs_workflow.science.roi import add_capsule, structure_values
from tests.builders.anatomies import scan

GRID = Grid((80, 90, 14), np.diag([0.5, 0.5, 3.0, 1.0]))
LEVELS = {'T2w': 0.9, 'T1w': 0.4, 'FLAIR': 0.5}


def ellipsoid(kind, radii, centre=(20.2, 22.1, 20.5), seed=1):
    rotation = Rotation.random(random_state=np.random.default_rng(seed)).as_matrix()
    return Lesion(kind, np.array(centre), np.array(radii)[:, None] * rotation, LEVELS)


@pytest.fixture(scope='module')
def brain():
    _, structures, affine = scan()
    sparse = add_capsule(structures[::2, ::2])
    return sparse, Grid(sparse.shape, affine @ np.diag([2, 2, 1, 1]))


@pytest.mark.parametrize('radii', [(5.0, 4.0, 3.5), (6.0, 3.0, 2.5), (3.0, 3.0, 3.0)])
@pytest.mark.parametrize('kind', ['lacune', 'white-matter lesion'])
def test_shares_sum_to_the_volume_of_the_ellipsoid(kind, radii):
    _, share = lesion_share(ellipsoid(kind, radii), GRID)
    # A linear border of width w, in radii, adds w²/4: the mean of (1 + w u)³ over |u| < 1/2.
    border = 1 + KINDS[kind].softness ** 2 / 4
    expected = 4 / 3 * np.pi * np.prod(radii) * border
    assert share.sum() * 0.75 == pytest.approx(expected, rel=0.03)
    assert share.min() >= 0
    assert share.max() <= 1


def test_an_oblique_grid_holds_the_same_volume():
    lesion = ellipsoid('lacune', (5.0, 4.0, 3.5))
    transform = rigid((5, -8, 10), (3, 0, -2))
    transformed = Lesion(
        lesion.kind,
        apply_affine(transform, lesion.centre[None])[0],
        lesion.axes @ transform[:3, :3].T,
        LEVELS,
    )
    original, moved = (
        add_lesions(np.ones(GRID.shape), [item], grid, 'T2w', 3.0)
        for item, grid in ((lesion, GRID), (transformed, GRID.moved(transform)))
    )
    assert original.max() > 2
    np.testing.assert_allclose(original, moved, atol=1e-4)


def test_a_lesion_lies_around_its_centre():
    mask = lesion_mask([ellipsoid('lacune', (5.0, 4.0, 3.5))], GRID, share=0.5)
    centre = np.argwhere(mask).mean(axis=0) * GRID.sizes
    np.testing.assert_allclose(centre, [20.2, 22.1, 20.5], atol=0.4)


def test_a_lesion_outside_the_grid_has_no_effect():
    far = ellipsoid('lacune', (5.0, 4.0, 3.5), centre=(20, 20, 90))
    assert lesion_share(far, GRID) is None
    assert not lesion_mask([far], GRID).any()
    np.testing.assert_array_equal(add_lesions(np.ones(GRID.shape), [far], GRID, 'T2w', 2.5), 1)


def test_signals_depend_on_the_kind():
    signal = np.full(GRID.shape, 0.8)
    centre = tuple(np.round(np.array([20.2, 22.1, 20.5]) / GRID.sizes).astype(int))
    lacune, lesion = (
        add_lesions(signal, [ellipsoid(kind, (6.0, 6.0, 6.0))], GRID, 'T2w', 3.0)
        for kind in ('lacune', 'white-matter lesion')
    )
    assert lacune[centre] == pytest.approx(0.9 * 3.0)  # of fluid
    assert lesion[centre] == pytest.approx(0.9 * 0.8, rel=0.05)  # of tissue
    dark = add_lesions(signal, [ellipsoid('lacune', (6.0, 6.0, 6.0))], GRID, 'T1w', 3.0)
    assert dark[centre] == pytest.approx(0.4)
    assert (signal == 0.8).all()


def test_the_mean_number_depends_on_the_acquisition(brain, rng):
    structures, grid = brain
    small = structures[::3, ::3], Grid(structures[::3, ::3].shape, grid.affine)
    for acquisition in ('paper', 'varied'):
        people = [draw_lesions(rng, *small, acquisition) for _ in range(250)]
        for name, kind in KINDS.items():
            mean = np.mean([sum(one.kind == name for one in person) for person in people])
            assert mean == pytest.approx(kind.number[acquisition], rel=0.3)


def test_lesions_have_their_sizes_and_positions(brain, rng):
    structures, grid = brain
    pallidum = structure_values('L', 'pallidum') + structure_values('R', 'pallidum')
    drawn = [one for _ in range(25) for one in draw_lesions(rng, structures, grid, 'varied')]
    inverse = np.linalg.inv(grid.affine)
    for one in drawn:
        lengths = 2 * np.linalg.norm(one.axes, axis=1)
        low, high = KINDS[one.kind].diameter
        assert low <= lengths.max() <= high + 1e-9
        index = np.round(inverse[:3, :3] @ one.centre + inverse[:3, 3]).astype(int)
        if one.kind == 'mineralisation':
            assert structures[tuple(index)] in pallidum
    assert {one.kind for one in drawn} == set(KINDS)


def test_the_same_generator_gives_the_same_lesions(brain):
    one, two = (draw_lesions(np.random.default_rng(5), *brain, 'varied') for _ in range(2))
    assert [lesion.levels for lesion in one] == [lesion.levels for lesion in two]
    np.testing.assert_array_equal([x.centre for x in one], [x.centre for x in two])
