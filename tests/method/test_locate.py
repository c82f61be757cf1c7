"""The basal ganglia are found in skull-stripped, defaced, cropped and wide scans."""

import nibabel as nb
import numpy as np
import pytest
from nibabel.affines import apply_affine
from scipy.ndimage import affine_transform, binary_dilation

from pvs_workflow.errors import RegistrationError
from pvs_workflow.method.assess import CORRELATION
from pvs_workflow.method.correct import correct
from pvs_workflow.method.locate import (
    TEMPLATE_NUCLEI,
    find_nuclei,
    find_roi,
    register_template,
    warp_template,
)
from pvs_workflow.registration.affine import register_affine
from pvs_workflow.registration.transforms import apply_transform
from pvs_workflow.science.nuclei import CLASSES, box_affine
from pvs_workflow.science.quality import ROI_VOLUME, roi_volumes
from pvs_workflow.science.roi import roi_labels, structure_values
from tests.builders.method import (
    EXAMPLE,
    conformed,
    dice,
    jacobian_range,
    template_image,
    thick_t2w,
    turn,
)

pytestmark = pytest.mark.slow
SEED = 7
NAME = 'sub-01/ses-1/anat/sub-01_ses-1'


def find(image):
    """Return the ROI of a T2w: 1 left, 2 right."""
    corrected = correct(conformed(image), SEED)
    affine = register_template(conformed(image), SEED)
    return np.asarray(find_roi(find_nuclei(corrected, affine, SEED)).roi.dataobj)


@pytest.fixture(scope='module')
def head():
    """Return a simulated T2w (0.573 × 0.573 × 5 mm) and its true ROI, canonical."""
    paths = (
        EXAMPLE / f'{NAME}_T2w.nii.gz',
        EXAMPLE / f'derivatives/truth/{NAME}_space-T2w_desc-basalganglia_dseg.nii.gz',
    )
    t2w, truth = (nb.as_closest_canonical(nb.load(path)) for path in paths)
    return t2w, np.asarray(truth.dataobj).astype(int)


def regrid(image, sizes, order):
    """Resample a volume to other voxel sizes along its axes."""
    old = nb.affines.voxel_sizes(image.affine)
    shape = np.maximum(np.round(np.array(image.shape) * old / sizes).astype(int), 1)
    affine = image.affine @ np.diag([*(np.array(sizes) / old), 1])
    affine[:3, 3] += image.affine[:3, :3] @ ((np.array(sizes) / old - 1) / 2)
    mapping = np.linalg.inv(image.affine) @ affine
    voxels = np.asarray(image.dataobj, dtype=np.float32)
    array = affine_transform(voxels, mapping, output_shape=shape, order=order, mode='nearest')
    return nb.Nifti1Image(array, affine)


def strip(t2w, truth):
    """Zero the voxels outside the template's brain, registered to the head and dilated."""
    mask = template_image('desc-brain_mask')
    affine = register_affine(t2w, template_image('T2w'), mask, SEED).matrix
    mapping = np.linalg.inv(mask.affine) @ affine
    inside = affine_transform(
        np.asarray(mask.dataobj), mapping @ t2w.affine, output_shape=t2w.shape, order=0
    )
    keep = binary_dilation(inside > 0, np.ones((3, 3, 1)), iterations=3)
    return nb.Nifti1Image(np.where(keep, t2w.dataobj, 0), t2w.affine), truth


def deface(t2w, truth):
    """Zero the voxels in front of and below the basal ganglia."""
    world = apply_affine(t2w.affine, np.moveaxis(np.indices(t2w.shape), 0, -1))
    centre = world[truth > 0].mean(axis=0)
    face = (world[..., 1] > centre[1] + 45) & (world[..., 2] < centre[2] + 5)
    return nb.Nifti1Image(np.where(face, 0, t2w.dataobj), t2w.affine), truth


def crop(t2w, truth):
    """Keep 50 mm around the basal ganglia."""
    middle = int(np.round(np.flatnonzero(truth.any(axis=(0, 1))).mean()))
    cropped = t2w.slicer[:, :, middle - 5 : middle + 5]
    return cropped, truth[:, :, middle - 5 : middle + 5]


def widen(t2w, truth):
    """Put the head off-centre into 512 × 512 voxels with noise around it."""
    voxels, margin = np.asarray(t2w.dataobj, dtype=np.float32), 512 - np.array(t2w.shape[:2])
    noise = np.random.default_rng(1).rayleigh(
        np.percentile(voxels, 5) + 1, (512, 512, t2w.shape[2])
    )
    out, true = noise.astype(np.float32), np.zeros(noise.shape, int)
    box = slice(0, t2w.shape[0]), slice(margin[1], 512)
    out[box], true[box] = voxels, truth
    affine = t2w.affine.copy()
    affine[:3, 3] -= t2w.affine[:3, 1] * margin[1]
    return nb.Nifti1Image(out, affine), true


def resample_to(*sizes):
    """Return a function that resamples the head to voxel sizes in mm."""

    def change(t2w, truth):
        true = regrid(nb.Nifti1Image(truth.astype(np.float32), t2w.affine), sizes, 0)
        return regrid(t2w, sizes, 1), np.asarray(true.dataobj).astype(int)

    return change


def tilt(t2w, truth):
    """Tilt the slices by 20 degrees: another affine, the same voxels."""
    return nb.Nifti1Image(
        np.asarray(t2w.dataobj), turn((20, 8, -15), (9, 5, 30)) @ t2w.affine
    ), truth


KINDS = {
    'skull-stripped': strip,
    'defaced': deface,
    'ten slices': crop,
    'a field of view of 512 voxels': widen,
    '0.4 mm in plane': resample_to(0.4, 0.4, 5.0),
    '1.5 mm isotropic': resample_to(1.5, 1.5, 1.5),
    'oblique': tilt,
}


@pytest.mark.parametrize('kind', KINDS)
def test_the_basal_ganglia_are_found(head, kind):
    t2w, truth = KINDS[kind](*head)
    roi = find(t2w)
    for side in (1, 2):
        assert dice(roi == side, truth == side) > 0.8
        assert dice(roi == side, truth == 3 - side) < 0.02


def locate(image):
    """Return the nuclei of a T2w, and the template warped to them."""
    t2w = conformed(image)
    affine = register_template(t2w, SEED)
    nuclei = find_nuclei(t2w, affine, SEED)
    return nuclei, warp_template(t2w, affine, nuclei, SEED)


def test_the_nuclei_are_correct_and_the_template_is_warped_to_them():
    stretch = turn((3, -2, 5), (4, -6, 3)) @ np.diag([1.06, 0.95, 1.04, 1])
    t2w = thick_t2w(stretch)
    nuclei, warp = locate(t2w)
    roi = np.asarray(find_roi(nuclei).roi.dataobj)
    atlas = template_image('atlas-CerebrA_dseg')
    mapping = np.linalg.inv(stretch @ atlas.affine) @ t2w.affine
    truth = affine_transform(
        np.asarray(atlas.dataobj), mapping, output_shape=t2w.shape, order=0
    ).astype(int)
    # The atlas defines the nuclei differently from the label maps that trained the network.
    for side in (1, 2):
        assert dice(roi == side, roi_labels(truth) == side) > 0.75
        assert dice(roi == side, roi_labels(truth) == 3 - side) == 0
    assert warp.correlation > 0.6
    assert jacobian_range(warp.transform)[0] > 0.1
    classes = np.asarray(nb.load(TEMPLATE_NUCLEI).dataobj).argmax(axis=-1)
    mask = (classes == CLASSES.index('putamen')).astype(np.float32)
    warped = apply_transform(t2w, nb.Nifti1Image(mask, box_affine()), warp.transform)
    values = structure_values('L', 'putamen') + structure_values('R', 'putamen')
    putamen = np.isin(np.asarray(nuclei.labels.dataobj), values)
    assert dice(np.asarray(warped.dataobj) > 0.5, putamen) > 0.85


def test_the_same_seed_gives_the_same_bytes():
    t2w = thick_t2w(turn((1, 2, -4), (2, 0, 5)))
    results = []
    for _ in range(2):
        nuclei, warp = locate(t2w)
        results.append([np.asarray(i.dataobj).tobytes() for i in (nuclei.labels, warp.transform)])
    assert results[0] == results[1]


def test_noise_is_rejected_or_flagged():
    noise = np.random.default_rng(0).normal(100, 20, (120, 140, 24)).astype(np.float32)
    image = nb.Nifti1Image(noise, thick_t2w(np.eye(4)).affine)
    try:
        nuclei, warp = locate(image)
    except RegistrationError as error:
        assert 'the template does not fit' in str(error)
    else:
        volumes = roi_volumes(np.asarray(find_roi(nuclei).roi.dataobj), image.affine)
        assert warp.correlation < CORRELATION[0] or min(volumes.values()) < ROI_VOLUME[0]
