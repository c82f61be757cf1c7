from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import binary_dilation, label

from pvs_workflow.science.roi import roi_labels
from pvs_workflow.science.slices import HEMISPHERES, find_views
from pvs_workflow.simulation.acquisition import GAIN
from pvs_workflow.simulation.person import draw_person
from pvs_workflow.simulation.rendering import MIN_CONTRAST
from pvs_workflow.simulation.session import count_images, draw_t2w_grid, scan_session


def test_counts_are_the_connected_truth_labels(simulated):
    for image, view in zip(simulated.counts, find_views(simulated.roi), strict=True):
        assert (image.hemisphere, image.slice_index, image.rank) == (
            view.hemisphere,
            view.slice_index,
            view.rank,
        )
        plane = simulated.epvs[:, :, image.slice_index]
        side = simulated.roi[:, :, image.slice_index] == HEMISPHERES[image.hemisphere]
        patches, number = label(plane > 0, np.ones((3, 3)))
        inside = sum(np.mean(side[patches == n]) >= 0.5 for n in range(1, number + 1))
        assert image.count == inside
    assert sum(image.count for image in simulated.counts) > 10


def test_the_roi_is_that_of_the_structures(simulated):
    np.testing.assert_array_equal(simulated.roi, roi_labels(simulated.structures))
    affine = simulated.scans['T2w'].affine
    for hemisphere, value in HEMISPHERES.items():
        x = (affine @ [*np.argwhere(simulated.roi == value).mean(axis=0), 1])[0]
        assert (x < 0) == (hemisphere == 'L')


def test_every_slice_with_enough_roi_has_spaces(template):
    rng = np.random.default_rng(4)
    protocol, grid = draw_t2w_grid(rng, 'paper')
    person = draw_person(rng, template, (protocol, grid), 'paper', level=0.8)
    session = scan_session(rng, template, person, (protocol, grid), {})
    area = np.count_nonzero(session.roi, axis=(0, 1)) * np.prod(grid.sizes[:2])
    full = np.flatnonzero(area > 600)
    assert full.size >= 4
    for z in full:
        assert session.epvs[:, :, z].any()


@pytest.fixture(scope='module')
def pair(template):
    """A person with spaces, and without: same anatomy, same noise."""
    rng = np.random.default_rng(8)
    protocol, grid = draw_t2w_grid(rng, 'paper')
    person = draw_person(rng, template, (protocol, grid), 'paper', level=0.7)
    empty = replace(person, tubes=())
    return [
        scan_session(np.random.default_rng(9), template, who, (protocol, grid), {})
        for who in (person, empty)
    ]


def test_spaces_are_brighter_by_the_expected_contrast(pair):
    with_spaces, without = pair
    gain = with_spaces.scans['T2w'].data.astype(float) - without.scans['T2w'].data
    inside = with_spaces.epvs > 0
    labels = with_spaces.epvs[inside]
    peaks = [gain[inside][labels == n].max() for n in np.unique(labels)]
    # The rule asks a contrast before shading and noise, which can take some of it away.
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


def test_inputs_stay_as_they_are(simulated):
    roi, epvs = simulated.roi.copy(), simulated.epvs.copy()
    count_images(roi, epvs)
    np.testing.assert_array_equal(roi, simulated.roi)
    np.testing.assert_array_equal(epvs, simulated.epvs)


def test_a_true_transform_leads_to_the_same_anatomy(template):
    from pvs_workflow.simulation.acquisition import Protocol

    rng = np.random.default_rng(2)
    protocol, grid = draw_t2w_grid(rng, 'paper')
    person = draw_person(rng, template, (protocol, grid), 'paper', level=0.5)
    other = {'T1w': Protocol(2.0, 2.0, snr=50.0, coverage=120.0)}
    session = scan_session(rng, template, person, (protocol, grid), other)
    t2w, t1w = session.scans['T2w'], session.scans['T1w']
    to_t1w = t1w.world_from_person @ np.linalg.inv(t2w.world_from_person)
    voxel = np.linalg.inv(t1w.affine) @ to_t1w @ t2w.affine
    medians = {}
    for name, values in (('ventricle', (4, 43)), ('pallidum', (13, 52))):
        index = np.argwhere(np.isin(session.structures, values))
        there = np.round(index @ voxel[:3, :3].T + voxel[:3, 3]).astype(int)
        medians[name] = np.median(t1w.data[tuple(there.T)])
    assert medians['pallidum'] > 2 * medians['ventricle']
