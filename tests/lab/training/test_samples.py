import nibabel as nb
import numpy as np
import pytest

from pvs_workflow.errors import ImageError, NoInputError
from pvs_workflow.lab.training.samples import read_samples, volume_samples
from pvs_workflow.science.geometry import to_canonical
from pvs_workflow.science.slices import cut_image, find_views

LPS = np.diag([-1.0, -1.0, 1.0, 1.0])


def cut_all(brain, **options):
    return volume_samples('01', brain.t2w, brain.roi, brain.epvs, brain.affine, **options)


def test_images_are_cut_as_at_inference(phantom):
    views = {(v.hemisphere, v.rank): v for v in find_views(phantom.roi)}
    chosen = [sample for sample in cut_all(phantom) if sample.chosen]
    assert len(chosen) == 6
    for sample in chosen:
        view = views[sample.view.hemisphere, sample.view.rank]
        image, roi, labels = sample.cut()
        assert (image == cut_image(phantom.t2w, phantom.affine, view)).all()
        value = 'LR'.index(view.hemisphere) + 1
        expected = cut_image(phantom.roi == value, phantom.affine, view, order=0)
        assert (roi == (expected > 0)).all()
        epvs = cut_image(phantom.epvs, phantom.affine, view, order=0) > 0
        assert ((labels > 0) == (epvs & roi)).all()


def test_counts_are_the_instances_in_the_hemisphere_and_slice(phantom):
    views = {(v.hemisphere, v.rank): v for v in find_views(phantom.roi)}
    counts = []
    for sample in cut_all(phantom):
        view = views[sample.view.hemisphere, sample.view.rank]
        half = phantom.roi[:, :, view.slice_index] == 'LR'.index(view.hemisphere) + 1
        labels = phantom.epvs[:, :, view.slice_index][half]
        counts.append(sample.count)
        assert sample.count == len(set(labels.tolist()) - {0})
    assert max(counts) > 10


def test_storage_order_does_not_affect_the_samples(phantom):
    flipped = phantom.affine @ LPS
    flipped[:2, 3] = phantom.affine[[0, 1], [0, 1]] * (np.array(phantom.roi.shape[:2]) - 1)
    stored = volume_samples(
        '01', *(a[::-1, ::-1] for a in (phantom.t2w, phantom.roi, phantom.epvs)), flipped
    )
    assert (to_canonical(phantom.roi[::-1, ::-1], flipped)[0] == phantom.roi).all()
    for sample, other in zip(cut_all(phantom), stored, strict=True):
        assert sample.view == other.view
        assert sample.count == other.count
        assert (sample.plane == other.plane).all()


def test_every_slice_with_enough_roi_is_used(phantom):
    phantom.roi[20:60, 40:80, 0] = 1  # 40 × 40 × 0.573² = 525 mm², left only
    samples = cut_all(phantom)
    extra = [sample for sample in samples if not sample.chosen]
    assert len(samples) == 7
    assert [sample.view.hemisphere for sample in extra] == ['L']
    assert len(cut_all(phantom, min_area=600)) == 6


def test_pixels_outside_the_field_of_view_are_zero(phantom):
    near_edge = volume_samples(
        '01',
        phantom.t2w[30:, 45:],
        phantom.roi[30:, 45:],
        phantom.epvs[30:, 45:],
        phantom.affine,
    )
    views = {(v.hemisphere, v.rank): v for v in find_views(phantom.roi[30:, 45:])}
    for sample in near_edge:
        view = views[sample.view.hemisphere, sample.view.rank]
        expected = cut_image(phantom.t2w[30:, 45:], phantom.affine, view)
        assert (sample.cut()[0] == expected).all()
    assert (near_edge[0].cut()[0][0] == 0).all()


def test_thin_slices_are_averaged(phantom):
    repeated = [np.repeat(a, 5, axis=2) for a in (phantom.t2w, phantom.roi, phantom.epvs)]
    affine = phantom.affine @ np.diag([1, 1, 0.2, 1])
    thin = volume_samples('01', *repeated, affine)
    for sample, other in zip(cut_all(phantom), thin, strict=True):
        assert sample.count == other.count
        assert np.allclose(sample.plane, other.plane, rtol=1e-6)


def test_inputs_are_not_modified(phantom):
    before = [a.copy() for a in (phantom.t2w, phantom.roi, phantom.epvs)]
    cut_all(phantom)
    after = (phantom.t2w, phantom.roi, phantom.epvs)
    assert all((a == b).all() for a, b in zip(before, after, strict=True))


def test_a_dataset_is_read(dataset):
    samples = list(read_samples(dataset, dataset / 'derivatives' / 'truth'))
    assert sorted({sample.participant for sample in samples}) == ['00', '01', '02', '03']
    assert len(samples) == 24


def test_a_dataset_without_basal_ganglia_is_rejected(dataset, tmp_path):
    with pytest.raises(NoInputError, match=r'4 T2w images in .*, none with basal ganglia'):
        list(read_samples(dataset, tmp_path))


def test_masks_on_another_grid_are_rejected(phantom, tmp_path, write_phantom):
    write_phantom(tmp_path, '01', phantom)
    path = next(tmp_path.glob('derivatives/**/*epvs_dseg.nii.gz'))
    nb.Nifti1Image(phantom.epvs[:-1], phantom.affine).to_filename(path)
    with pytest.raises(ImageError, match='are on another grid'):
        list(read_samples(tmp_path, tmp_path / 'derivatives' / 'truth'))


def test_an_unreadable_image_is_rejected(phantom, tmp_path, write_phantom):
    write_phantom(tmp_path, '01', phantom)
    path = tmp_path / 'sub-01' / 'anat' / 'sub-01_T2w.nii.gz'
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(ImageError, match='cannot read'):
        list(read_samples(tmp_path, tmp_path / 'derivatives' / 'truth'))
