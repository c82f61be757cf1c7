from dataclasses import replace

import nibabel as nb
import numpy as np
import pytest

from pvs_workflow.method.align import ContrastFit
from pvs_workflow.method.assess import Quality, assess_quality
from pvs_workflow.method.saved import Unusable
from tests.builders.method import (
    image_counts,
    six_images,
    small_head,
    template_affine,
    turn,
    warp,
)

COUNTS = [3.0] * 6


def assess(
    rois=80 * 96,
    located=None,
    correlation=0.9,
    in_distribution=(True,) * 6,
    fits=(),
    problems=(),
    t2w=None,
    move=None,
):
    scan, good = small_head()
    six = six_images(np.asarray((located or good).roi.dataobj), rois)
    counted = image_counts(COUNTS, in_distribution=in_distribution)
    anatomy = located or good, counted, warp(correlation), t2w or scan, template_affine(move)
    return assess_quality(six, *anatomy, tuple(fits), problems)


def change_roi(change):
    located = small_head()[1]
    roi = change(np.asarray(located.roi.dataobj).copy())
    return replace(located, roi=nb.Nifti1Image(roi, located.roi.affine))


def with_ventricles(brightness):
    """Return the small head with ventricles of this brightness, relative to its grey matter."""
    t2w, located = small_head()
    values, structures = (
        np.asarray(image.dataobj).copy() for image in (t2w.image, located.structures)
    )
    structures[38:42, 10:50, 5:8] = 4
    values[structures == 4] *= brightness
    return {
        't2w': replace(t2w, image=nb.Nifti1Image(values, t2w.image.affine)),
        'located': replace(located, structures=nb.Nifti1Image(structures, t2w.image.affine)),
    }


def keep_every_fourth_row(roi):
    return np.where(np.arange(60)[:, None] % 4 == 0, roi, 0).astype(np.uint8)


def halve_the_left(roi):
    roi[5:20] = 0
    return roi


def shift_to_the_bottom(roi):
    return np.roll(roi, -3, axis=2)


def test_a_good_scan_passes():
    assert assess() == Quality(('pass',) * 6, 'pass', ())
    assert assess(**with_ventricles(2.2)).overall == 'pass'


@pytest.mark.parametrize(
    ('change', 'level', 'reason'),
    [
        ({'located': change_roi(keep_every_fourth_row)}, 'review', 'implausible ROI volume on'),
        ({'located': change_roi(halve_the_left)}, 'review', 'left and right ROI differ in'),
        ({'located': change_roi(shift_to_the_bottom)}, 'review', 'reach the edge of the field'),
        ({'correlation': 0.35}, 'review', 'the template fits poorly'),
        ({'correlation': 0.1}, 'fail', 'the template does not fit'),
        ({'rois': 300}, 'review', 'little of the basal ganglia'),
        ({'move': turn((0, 0, 0), (0, -20, 0))}, 'review', 'the field of view cuts the basal'),
        ({'move': turn((40, 0, 0), (0, 0, 0))}, 'review', 'the slices are far from axial'),
        (with_ventricles(1.3), 'review', 'the contrast is not that of a T2w'),
        (with_ventricles(0.3), 'review', 'the contrast is not that of a T2w'),
        ({'t2w': replace(small_head()[0], problems=('left may be right',))}, 'review', 'left may'),
        (
            {'fits': [ContrastFit('T1w.nii', 0.75, 1.2)]},
            'review',
            'T1w.nii shows the basal ganglia',
        ),
        (
            {'fits': [ContrastFit('T1w.nii', 0.9, 1.2), ContrastFit('FLAIR.nii', 0.9, 0.9)]},
            'review',
            'FLAIR.nii fits the T2w better with left and right swapped',
        ),
    ],
)
def test_implausible_results_are_flagged_with_a_reason(change, level, reason):
    quality = assess(**change)
    assert quality.overall == level
    assert any(reason in text for text in quality.reasons)
    assert (level == 'fail') == (quality.images == ('fail',) * 6)


@pytest.mark.parametrize('outside', [(2,), (0, 5)])
def test_only_images_out_of_distribution_need_review(outside):
    in_distribution = tuple(index not in outside for index in range(6))
    quality = assess(in_distribution=in_distribution)
    assert quality.images == tuple('pass' if inside else 'review' for inside in in_distribution)
    assert quality.overall == 'review'
    assert quality.reasons == ('an image unlike those the cascade was trained on',)
    assert assess(in_distribution=in_distribution, correlation=0.1).images == ('fail',) * 6


def test_optional_files_that_cannot_be_used_need_review():
    quality = assess(
        fits=[Unusable('T1w.nii is 4D; give a 3D image'), ContrastFit('FLAIR.nii', 0.9, 1.2)],
        problems=('T2w.json is a broken link',),
    )
    assert (quality.overall, quality.images) == ('review', ('pass',) * 6)
    # Reasons are separated by semicolons.
    assert quality.reasons == ('T2w.json is a broken link', 'T1w.nii is 4D, give a 3D image')


def test_reasons_name_the_contrast():
    fits = [ContrastFit('T1w.nii', 0.5, 1.2), ContrastFit('FLAIR.nii', 0.9, 0.5)]
    assert assess(fits=fits).reasons == (
        'T1w.nii shows the basal ganglia elsewhere than the T2w',
        'FLAIR.nii fits the T2w better with left and right swapped',
    )
