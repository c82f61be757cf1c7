from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import binary_dilation

from pvs_workflow.errors import ImageError, NoInputError
from pvs_workflow.lab.simulation.acquisition import GAIN
from pvs_workflow.lab.simulation.backgrounds import (
    draw_scene,
    flip_background,
    prepare_background,
    read_backgrounds,
    warp_background,
)
from pvs_workflow.lab.simulation.cohort import implant_participant
from pvs_workflow.lab.simulation.person import cohort_burden
from pvs_workflow.science.roi import roi_labels, structure_values
from pvs_workflow.science.slices import HEMISPHERES, find_views
from tests.builders.anatomies import NOISE, scan, write_results


def sides(background):
    """Return the left–right position of the left and the right ROI, mm."""
    roi = roi_labels(background.structures)
    return [
        (background.affine @ [*np.argwhere(roi == value).mean(axis=0), 1])[0]
        for value in HEMISPHERES.values()
    ]


def test_a_scan_is_scaled_by_its_putamen(background):
    putamen = np.isin(background.structures, structure_values('L', 'putamen'))
    assert np.median(background.tissue[putamen]) == pytest.approx(1, abs=0.03)
    # The noise was added after upsampling, so it is not smoothed.
    assert background.noise == pytest.approx(NOISE, rel=0.15)
    assert 1.6 <= background.fluid <= 4.5


def test_only_the_surroundings_are_returned_unless_the_whole_head_is_requested(background):
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
    for result in (part, whole):
        np.testing.assert_allclose(sides(result), sides(background), atol=1e-6)


def test_thin_slices_are_averaged_to_slabs(background):
    t2w, structures, affine = scan()
    thin = [np.repeat(a, 4, axis=2) for a in (t2w * 3, structures)]
    grid = affine @ np.diag([1, 1, 0.25, 1])
    grid[:3, 3] -= affine[:3, 2] * 3 / 8
    slabs = prepare_background('01', '', *thin, grid)  # a slab is five slices of 1 mm
    assert np.linalg.norm(slabs.affine[:3, 2]) == pytest.approx(5)
    np.testing.assert_allclose(sides(slabs), sides(background), atol=0.6)


def test_the_mirror_image_swaps_sides_and_labels(background):
    mirror = flip_background(background)
    np.testing.assert_array_equal(mirror.tissue, background.tissue[::-1])
    left, right = sides(mirror)
    assert left < 0 < right
    for name in ('putamen', 'caudate', 'pallidum', 'thalamus', 'lateral ventricle'):
        (left_label,), (right_label,) = (structure_values(side, name) for side in 'LR')
        np.testing.assert_array_equal(
            mirror.structures == left_label, (background.structures == right_label)[::-1]
        )
    restored = flip_background(mirror)
    np.testing.assert_array_equal(restored.structures, background.structures)
    np.testing.assert_array_equal(restored.tissue, background.tissue)


def test_warping_moves_a_scan_and_its_labels_together(background, rng):
    before = background.tissue.copy()
    for _ in range(3):
        warped = warp_background(rng, background)
        np.testing.assert_array_equal(background.tissue, before)
        assert set(np.unique(warped.structures)) <= set(np.unique(background.structures))
        ventricle = np.isin(warped.structures, (4, 43))
        putamen = np.isin(warped.structures, (12, 51))
        assert np.median(warped.tissue[ventricle]) > 1.5
        assert np.median(warped.tissue[putamen]) == pytest.approx(1, abs=0.04)
        share = putamen.sum() / np.isin(background.structures, (12, 51)).sum()
        assert 0.8 < share < 1.25
        assert np.mean(warped.structures != background.structures) > 0.005


def test_implants_lie_in_the_roi_and_are_counted(background):
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
        in_side = [np.mean(side[plane == n]) >= 0.5 for n in np.unique(plane[plane > 0])]
        assert image.count == sum(in_side)
    inside = session.epvs > 0
    assert data[inside].mean() > (scene.tissue[inside] * GAIN).mean() + 0.25 * GAIN


def test_counts_of_zero_implant_nothing(background, rng):
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


def test_the_persons_own_spaces_are_removed(background):
    t2w, structures, affine = scan()
    spotted = t2w * 3
    putamen = np.argwhere(structures == 12)
    x, y, z = putamen[len(putamen) // 2]
    spotted[x - 1 : x + 2, y - 1 : y + 2, z] *= 2.2
    with_spot = prepare_background('01', '', spotted, structures, affine)
    assert np.abs(with_spot.tissue - background.tissue).max() < 0.5


def test_results_are_read_in_order_with_their_labels(tmp_path):
    backgrounds = read_backgrounds(write_results(tmp_path, 'sub-02_ses-1', 'sub-01'))
    assert [(one.participant, one.session) for one in backgrounds] == [('01', ''), ('02', '1')]
    # A scan does not depend on its gain.
    np.testing.assert_allclose(backgrounds[0].tissue, backgrounds[1].tissue, atol=1e-3)


def test_a_folder_without_results_is_refused(tmp_path):
    with pytest.raises(NoInputError, match='has no backgrounds; give results'):
        read_backgrounds(tmp_path)


def test_an_unreadable_scan_is_named(tmp_path):
    write_results(tmp_path, 'sub-01')
    (tmp_path / 'sub-01/anat/sub-01_desc-preproc_T2w.nii.gz').unlink()
    with pytest.raises(ImageError, match=r'cannot read .*sub-01_desc-preproc_T2w\.nii\.gz'):
        read_backgrounds(tmp_path)


def test_a_scan_without_putamen_is_refused():
    t2w, structures, affine = scan()
    without = np.where(np.isin(structures, (12, 51)), 0, structures)
    with pytest.raises(ImageError, match='background sub-01: the putamen has no signal'):
        prepare_background('01', '', t2w, without, affine)


def test_the_protocol_is_that_of_the_scan(background, rng):
    scene = draw_scene(rng, replace(background, noise=0.05), cohort_burden('paper'))
    assert scene.protocol.pixel == pytest.approx(0.5)
    assert scene.protocol.thickness == pytest.approx(4)
    assert scene.protocol.snr == pytest.approx(20)
    assert scene.protocol.echo_time == 0
