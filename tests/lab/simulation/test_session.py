from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import binary_dilation, label

from pvs_workflow.lab.simulation.acquisition import GAIN, Protocol, draw_grid
from pvs_workflow.lab.simulation.lesions import Lesion
from pvs_workflow.lab.simulation.person import cohort_burden, draw_anatomy, draw_person
from pvs_workflow.lab.simulation.rendering import MIN_CONTRAST
from pvs_workflow.lab.simulation.session import (
    count_images,
    detailed_scene,
    draw_t2w_grid,
    scan_session,
)
from pvs_workflow.science.roi import roi_labels
from pvs_workflow.science.slabs import average_slabs, central_slice, slab_labels
from pvs_workflow.science.slices import HEMISPHERES, find_views


def draw_someone(rng, t2w, level):
    anatomy = draw_anatomy(rng, t2w[0], 'paper')
    return draw_person(rng, anatomy, t2w, 'paper', cohort_burden('paper', level))


def test_counts_are_numbers_of_connected_patches(simulated):
    for image, view in zip(simulated.counts, find_views(simulated.roi), strict=True):
        assert (image.hemisphere, image.slice_index, image.rank) == (
            view.hemisphere,
            view.slice_index,
            view.rank,
        )
        plane = simulated.epvs[:, :, image.slice_index]
        side = simulated.roi[:, :, image.slice_index] == HEMISPHERES[image.hemisphere]
        patches, number = label(plane > 0, np.ones((3, 3)))
        expected = sum(np.mean(side[patches == n]) >= 0.5 for n in range(1, number + 1))
        assert image.count == expected
    assert sum(image.count for image in simulated.counts) > 10


def test_the_roi_follows_from_the_structures(simulated):
    np.testing.assert_array_equal(simulated.roi, roi_labels(simulated.structures))
    affine = simulated.scans['T2w'].affine
    for hemisphere, value in HEMISPHERES.items():
        x = (affine @ [*np.argwhere(simulated.roi == value).mean(axis=0), 1])[0]
        assert (x < 0) == (hemisphere == 'L')


def test_every_slice_with_enough_roi_has_spaces():
    rng = np.random.default_rng(4)
    protocol, grid = draw_t2w_grid(rng, 'paper')
    person = draw_someone(rng, (protocol, grid), level=0.8)
    session = scan_session(rng, person, (protocol, grid), {})
    area = np.count_nonzero(session.roi, axis=(0, 1)) * np.prod(grid.sizes[:2])
    large = np.flatnonzero(area > 600)
    assert large.size >= 4
    for z in large:
        assert session.epvs[:, :, z].any()


@pytest.fixture(scope='module')
def pair():
    """Scan a person with and without spaces, with the same anatomy and noise."""
    rng = np.random.default_rng(8)
    protocol, grid = draw_t2w_grid(rng, 'paper')
    person = draw_someone(rng, (protocol, grid), level=0.7)
    empty = replace(person, tubes=())
    return [
        scan_session(np.random.default_rng(9), who, (protocol, grid), {})
        for who in (person, empty)
    ]


def test_spaces_are_brighter_by_the_expected_contrast(pair):
    with_spaces, without = pair
    gain = with_spaces.scans['T2w'].data.astype(float) - without.scans['T2w'].data
    inside = with_spaces.epvs > 0
    labels = with_spaces.epvs[inside]
    peaks = [gain[inside][labels == n].max() for n in np.unique(labels)]
    # The rule applies before shading and noise, which can reduce the contrast.
    assert min(peaks) > 0.6 * MIN_CONTRAST * GAIN
    assert np.median(peaks) > 0.3 * GAIN
    assert max(peaks) < 2.5 * GAIN
    assert not without.epvs.any()
    assert {image.count for image in without.counts} == {0}


def test_nothing_changes_away_from_the_roi(pair):
    with_spaces, without = pair
    near = binary_dilation(with_spaces.roi > 0, iterations=6)
    changed = with_spaces.scans['T2w'].data != without.scans['T2w'].data
    assert not (changed & ~near).any()


def test_labels_lie_in_the_roi(simulated):
    inside = simulated.epvs > 0
    assert np.mean(simulated.roi[inside] > 0) > 0.95


def test_inputs_are_not_modified(simulated):
    roi, epvs = simulated.roi.copy(), simulated.epvs.copy()
    count_images(roi, epvs)
    np.testing.assert_array_equal(roi, simulated.roi)
    np.testing.assert_array_equal(epvs, simulated.epvs)


def test_the_true_transform_maps_to_the_same_anatomy():
    rng = np.random.default_rng(2)
    protocol, grid = draw_t2w_grid(rng, 'paper')
    person = draw_someone(rng, (protocol, grid), level=0.5)
    other = {'T1w': Protocol(2.0, 2.0, snr=50.0, coverage=120.0)}
    session = scan_session(rng, person, (protocol, grid), other)
    t2w, t1w = session.scans['T2w'], session.scans['T1w']
    to_t1w = t1w.world_from_person @ np.linalg.inv(t2w.world_from_person)
    voxel = np.linalg.inv(t1w.affine) @ to_t1w @ t2w.affine
    medians = {}
    for name, values in (('ventricle', (4, 43)), ('pallidum', (13, 52))):
        index = np.argwhere(np.isin(session.structures, values))
        target = np.round(index @ voxel[:3, :3].T + voxel[:3, 3]).astype(int)
        medians[name] = np.median(t1w.data[tuple(target.T)])
    assert medians['pallidum'] > 2 * medians['ventricle']


@pytest.fixture(scope='module')
def thin():
    """Return a 3D session with slices of 1 mm, and its scene in slabs of 5 mm."""
    rng = np.random.default_rng(6)
    protocol = Protocol(1.0, 1.0, snr=12.0, coverage=70.0, surroundings=3.0)
    t2w = protocol, draw_grid(rng, protocol, 2.0)
    person = draw_someone(rng, t2w, level=0.8)
    return scan_session(rng, person, t2w, {}), detailed_scene(person, t2w)


@pytest.mark.slow
def test_thin_slices_have_the_truth_of_their_slabs(thin):
    session, scene = thin
    assert session.epvs.shape[2] == 70
    slabs = slab_labels(session.epvs, 5)
    part = slabs[scene.region(1)]
    np.testing.assert_array_equal(part, scene.visible())
    assert np.count_nonzero(slabs) == np.count_nonzero(part)
    np.testing.assert_array_equal(
        slab_labels(session.structures, 5)[scene.region(1)], scene.structures
    )


@pytest.mark.slow
def test_thin_slices_are_counted_at_the_central_slice_of_each_slab(thin):
    session, _ = thin
    labels, roi = slab_labels(session.epvs, 5), slab_labels(session.roi, 5)
    for image, view in zip(session.counts, find_views(roi), strict=True):
        assert image.slice_index == central_slice(view.slice_index, 5)
        side = roi[:, :, view.slice_index] == HEMISPHERES[view.hemisphere]
        plane = labels[:, :, view.slice_index]
        inside = [np.mean(side[plane == n]) >= 0.5 for n in np.unique(plane[plane > 0])]
        assert image.count == sum(inside)
    assert sum(image.count for image in session.counts) > 10


@pytest.mark.slow
def test_averaged_thin_slices_match_the_slabs(thin):
    session, scene = thin
    slabs = average_slabs(session.scans['T2w'].data, 5)[scene.region(1)] / GAIN
    inside = scene.visible() > 0
    around = (roi_labels(scene.structures) > 0) & ~binary_dilation(inside, iterations=2)
    assert np.median(slabs[inside]) > np.median(slabs[around]) + 0.2
    correlation = np.corrcoef(slabs[scene.structures > 0], scene.signal()[scene.structures > 0])
    assert correlation[0, 1] > 0.7


@pytest.mark.slow
def test_lacunes_are_visible_and_not_counted():
    rng = np.random.default_rng(4)
    t2w = draw_t2w_grid(rng, 'paper')
    person = replace(draw_someone(rng, t2w, level=0.5), tubes=(), lesions=())
    clean = detailed_scene(person, t2w)
    index = np.argwhere(clean.structures == 12)
    x, y, z = index[len(index) // 2]
    centre = (clean.grid.affine @ [x, y, z, 1])[:3]
    lacune = Lesion('lacune', centre, 2.5 * np.eye(3), {'T2w': 1.0, 'T1w': 0.4, 'FLAIR': 0.5})
    scene = detailed_scene(replace(person, lesions=(lacune,)), t2w)
    assert scene.signal()[x, y, z] > 1.5 * clean.signal()[x, y, z]
    assert not scene.visible().any()
