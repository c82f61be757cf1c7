from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import binary_dilation

from pvs_workflow.errors import ImageError, NoInputError
from pvs_workflow.lab.simulation.acquisition import GAIN
from pvs_workflow.lab.simulation.backgrounds import (
    bent,
    draw_scene,
    flipped,
    prepare_background,
    read_backgrounds,
)
from pvs_workflow.lab.simulation.cohort import implant_participant
from pvs_workflow.lab.simulation.person import cohort_burden
from pvs_workflow.science.roi import roi_labels, structure_values
from pvs_workflow.science.slices import HEMISPHERES, find_views
from tests.builders.anatomies import NOISE, scan, write_results


def sides(background):
    """Return where left and right ROI lie, in mm."""
    roi = roi_labels(background.structures)
    return [
        (background.affine @ [*np.argwhere(roi == value).mean(axis=0), 1])[0]
        for value in HEMISPHERES.values()
    ]


def test_a_scan_is_scaled_by_its_putamen(background):
    putamen = np.isin(background.structures, structure_values('L', 'putamen'))
    assert np.median(background.tissue[putamen]) == pytest.approx(1, abs=0.03)
    # Upsampling has smoothed nothing here: the noise was added afterwards.
    assert background.noise == pytest.approx(NOISE, rel=0.15)
    assert 1.6 <= background.fluid <= 4.5


def test_only_the_surroundings_are_kept_unless_all_is_asked_for(background):
    t2w, structures, affine = scan()
    large = [np.pad(a, ((70, 70), (70, 70), (0, 0)), mode='edge') for a in (t2w, structures)]
    large[1][:70] = large[1][-70:] = 0
    affine = affine.copy()
    affine[:2, 3] -= 35
    part, whole = (
        prepare_background('01', '', *large, affine, whole=whole) for whole in (False, True)
    )
    assert whole.tissue.shape == large[0].shape
    np.testing.assert_allclose(whole.affine, affine)
    assert part.tissue.size < 0.7 * whole.tissue.size
    for found in (part, whole):
        np.testing.assert_allclose(sides(found), sides(background), atol=1e-6)


def test_thin_slices_are_read_as_slabs(background):
    t2w, structures, affine = scan()
    thin = [np.repeat(a, 4, axis=2) for a in (t2w * 3, structures)]
    grid = affine @ np.diag([1, 1, 0.25, 1])
    grid[:3, 3] -= affine[:3, 2] * 3 / 8
    found = prepare_background('01', '', *thin, grid)  # five slices of 1 mm are a slab
    assert np.linalg.norm(found.affine[:3, 2]) == pytest.approx(5)
    np.testing.assert_allclose(sides(found), sides(background), atol=0.6)


def test_the_mirror_image_swaps_sides_and_labels(background):
    mirror = flipped(background)
    np.testing.assert_array_equal(mirror.tissue, background.tissue[::-1])
    left, right = sides(mirror)
    assert left < 0 < right
    for name in ('putamen', 'caudate', 'pallidum', 'thalamus', 'lateral ventricle'):
        (one,), (two,) = (structure_values(side, name) for side in 'LR')
        np.testing.assert_array_equal(
            mirror.structures == one, (background.structures == two)[::-1]
        )
    again = flipped(mirror)
    np.testing.assert_array_equal(again.structures, background.structures)
    np.testing.assert_array_equal(again.tissue, background.tissue)


def test_bending_moves_a_scan_and_its_labels_together(background, rng):
    before = background.tissue.copy()
    for _ in range(3):
        moved = bent(rng, background)
        np.testing.assert_array_equal(background.tissue, before)
        assert set(np.unique(moved.structures)) <= set(np.unique(background.structures))
        ventricle = np.isin(moved.structures, (4, 43))
        putamen = np.isin(moved.structures, (12, 51))
        assert np.median(moved.tissue[ventricle]) > 1.5
        assert np.median(moved.tissue[putamen]) == pytest.approx(1, abs=0.04)
        share = putamen.sum() / np.isin(background.structures, (12, 51)).sum()
        assert 0.8 < share < 1.25
        assert np.mean(moved.structures != background.structures) > 0.005


def test_implants_lie_in_the_roi_and_are_what_counts(background):
    session = implant_participant(5, 1, 'varied', background)
    scene = draw_scene(np.random.default_rng([5, 1]), background, cohort_burden('varied'))
    data = session.scans['T2w'].data.astype(float)
    changed = np.abs(data - np.clip(scene.tissue, 0, None) * GAIN) > 1
    near = binary_dilation(session.roi > 0, np.ones((3, 3, 1), bool), iterations=8)
    assert changed.any()
    assert not (changed & ~near).any()
    assert sum(image.count for image in session.counts) > 5
    for image, view in zip(session.counts, find_views(session.roi), strict=True):
        assert (image.hemisphere, image.slice_index) == (view.hemisphere, view.slice_index)
        side = session.roi[:, :, view.slice_index] == HEMISPHERES[view.hemisphere]
        plane = session.epvs[:, :, view.slice_index]
        inside = [np.mean(side[plane == n]) >= 0.5 for n in np.unique(plane[plane > 0])]
        assert image.count == sum(inside)
    inside = session.epvs > 0
    assert data[inside].mean() > (scene.tissue[inside] * GAIN).mean() + 0.25 * GAIN


def test_nothing_is_implanted_where_nothing_is_asked_for(background, rng):
    scene = draw_scene(rng, background, lambda rng, n: np.zeros((2, n), int))
    assert not scene.visible().any()
    difference = np.abs(scene.signal() - scene.tissue)
    assert np.mean(difference[scene.structures > 0] > 0.1) < 0.01


def test_the_same_generator_gives_the_same_scene(background):
    one, two = (
        draw_scene(np.random.default_rng(7), background, cohort_burden('paper')) for _ in range(2)
    )
    np.testing.assert_array_equal(one.signal(), two.signal())
    np.testing.assert_array_equal(one.visible(), two.visible())


def test_a_persons_own_spaces_are_taken_out(background):
    t2w, structures, affine = scan()
    spotted = t2w * 3
    middle = np.argwhere(structures == 12)
    x, y, z = middle[len(middle) // 2]
    spotted[x - 1 : x + 2, y - 1 : y + 2, z] *= 2.2
    with_spot = prepare_background('01', '', spotted, structures, affine)
    assert np.abs(with_spot.tissue - background.tissue).max() < 0.5


def test_results_are_read_in_order_with_their_names(tmp_path):
    found = read_backgrounds(write_results(tmp_path, 'sub-02_ses-1', 'sub-01'))
    assert [(one.participant, one.session) for one in found] == [('01', ''), ('02', '1')]
    # Another gain is no other scan.
    np.testing.assert_allclose(found[0].tissue, found[1].tissue, atol=1e-3)


def test_a_folder_without_results_is_refused(tmp_path):
    with pytest.raises(NoInputError, match='expected the participant results of pvs_workflow'):
        read_backgrounds(tmp_path)


def test_a_scan_that_cannot_be_read_is_named(tmp_path):
    write_results(tmp_path, 'sub-01')
    (tmp_path / 'sub-01/anat/sub-01_desc-preproc_T2w.nii.gz').unlink()
    with pytest.raises(ImageError, match=r'sub-01_desc-preproc_T2w\.nii\.gz cannot be read'):
        read_backgrounds(tmp_path)


def test_a_scan_without_putamen_is_refused():
    t2w, structures, affine = scan()
    without = np.where(np.isin(structures, (12, 51)), 0, structures)
    with pytest.raises(ImageError, match='sub-01 cannot be used, expected a putamen'):
        prepare_background('01', '', t2w, without, affine)


def test_its_acquisition_is_not_made_up(background, rng):
    scene = draw_scene(rng, replace(background, noise=0.05), cohort_burden('paper'))
    assert scene.protocol.pixel == pytest.approx(0.5)
    assert scene.protocol.thickness == pytest.approx(4)
    assert scene.protocol.snr == pytest.approx(20)
    assert scene.protocol.echo_time == 0
