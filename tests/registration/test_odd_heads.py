"""Scans as they come: stripped, defaced, cut short, wide, fine and coarse."""

from pathlib import Path

import nibabel as nb
import numpy as np
import pytest
from nibabel.affines import apply_affine
from scipy.ndimage import affine_transform, binary_dilation

from pvs_workflow import data
from pvs_workflow.networks.engine import configure_tensorflow
from pvs_workflow.networks.nuclei import load_nuclei_network, predict_nuclei
from pvs_workflow.registration.affine import register_affine, transform_matrix
from pvs_workflow.registration.bias import correct_bias
from pvs_workflow.science.nuclei import label_scan, sample_box
from pvs_workflow.science.roi import add_capsule, roi_labels
from tests.registration.conftest import turn

pytestmark = pytest.mark.slow
SEED = 7
EXAMPLE = Path(__file__).parents[2] / 'bids_examples' / 'template'
NAME = 'sub-01/ses-1/anat/sub-01_ses-1'


def roi(t2w, template, folder):
    """Return the ROI of a T2w as the app finds it: 1 left, 2 right."""
    configure_tensorflow(1, SEED)
    t2w = correct_bias(t2w, SEED)
    register_affine(t2w, template('T2w'), folder / 'affine.txt', SEED)
    to_template = transform_matrix(folder / 'affine.txt', SEED)
    network = load_nuclei_network(data.path('nuclei', 'nuclei.safetensors'))
    found = predict_nuclei(network, sample_box(t2w, to_template))
    return roi_labels(add_capsule(label_scan(found, t2w.shape, t2w.affine, to_template)))


def dice(ours, theirs):
    return 2 * np.count_nonzero(ours & theirs) / (ours.sum() + theirs.sum())


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
    """Resample a volume to other voxels along its own axes."""
    old = nb.affines.voxel_sizes(image.affine)
    shape = np.maximum(np.round(np.array(image.shape) * old / sizes).astype(int), 1)
    affine = image.affine @ np.diag([*(np.array(sizes) / old), 1])
    affine[:3, 3] += image.affine[:3, :3] @ ((np.array(sizes) / old - 1) / 2)
    mapping = np.linalg.inv(image.affine) @ affine
    voxels = np.asarray(image.dataobj, dtype=np.float32)
    array = affine_transform(voxels, mapping, output_shape=shape, order=order, mode='nearest')
    return nb.Nifti1Image(array, affine)


def stripped(t2w, truth, template, folder):
    """Blank what lies outside the template's brain, a little widened, laid on the head."""
    register_affine(t2w, template('T2w'), folder / 'brain.txt', SEED)
    mask = template('desc-brain_mask')
    mapping = np.linalg.inv(mask.affine) @ transform_matrix(folder / 'brain.txt', SEED)
    inside = affine_transform(
        np.asarray(mask.dataobj), mapping @ t2w.affine, output_shape=t2w.shape, order=0
    )
    keep = binary_dilation(inside > 0, np.ones((3, 3, 1)), iterations=3)
    return nb.Nifti1Image(np.where(keep, t2w.dataobj, 0), t2w.affine), truth


def defaced(t2w, truth, template, folder):
    """Blank what lies before and below the basal ganglia."""
    world = apply_affine(t2w.affine, np.moveaxis(np.indices(t2w.shape), 0, -1))
    centre = world[truth > 0].mean(axis=0)
    face = (world[..., 1] > centre[1] + 45) & (world[..., 2] < centre[2] + 5)
    return nb.Nifti1Image(np.where(face, 0, t2w.dataobj), t2w.affine), truth


def ten_slices(t2w, truth, template, folder):
    """Keep 50 mm around the basal ganglia."""
    middle = int(np.round(np.flatnonzero(truth.any(axis=(0, 1))).mean()))
    kept = t2w.slicer[:, :, middle - 5 : middle + 5]
    return kept, truth[:, :, middle - 5 : middle + 5]


def wide(t2w, truth, template, folder):
    """Put the head off-centre into 512 × 512 voxels with noise around it."""
    voxels, room = np.asarray(t2w.dataobj, dtype=np.float32), 512 - np.array(t2w.shape[:2])
    noise = np.random.default_rng(1).rayleigh(
        np.percentile(voxels, 5) + 1, (512, 512, t2w.shape[2])
    )
    out, true = noise.astype(np.float32), np.zeros(noise.shape, int)
    place = slice(0, t2w.shape[0]), slice(room[1], 512)
    out[place], true[place] = voxels, truth
    affine = t2w.affine.copy()
    affine[:3, 3] -= t2w.affine[:3, 1] * room[1]
    return nb.Nifti1Image(out, affine), true


def other_voxels(*sizes):
    """Resample the head."""

    def change(t2w, truth, template, folder):
        true = regrid(nb.Nifti1Image(truth.astype(np.float32), t2w.affine), sizes, 0)
        return regrid(t2w, sizes, 1), np.asarray(true.dataobj).astype(int)

    return change


def turned(t2w, truth, template, folder):
    """Tilt the slices by 20 degrees: another affine, the same voxels."""
    return nb.Nifti1Image(
        np.asarray(t2w.dataobj), turn((20, 8, -15), (9, 5, 30)) @ t2w.affine
    ), truth


KINDS = {
    'skull-stripped': stripped,
    'defaced': defaced,
    'ten slices': ten_slices,
    'a field of view of 512 voxels': wide,
    '0.4 mm in plane': other_voxels(0.4, 0.4, 5.0),
    '1.5 mm isotropic': other_voxels(1.5, 1.5, 1.5),
    'oblique': turned,
}


@pytest.mark.parametrize('kind', KINDS)
def test_the_basal_ganglia_are_found(head, template, tmp_path, kind):
    t2w, truth = KINDS[kind](*head, template, tmp_path)
    found = roi(t2w, template, tmp_path)
    for side in (1, 2):
        assert dice(found == side, truth == side) > 0.8
        assert dice(found == side, truth == 3 - side) < 0.02
