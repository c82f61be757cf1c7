"""Heads and results of steps, for tests of the method and its callers."""

from functools import cache
from pathlib import Path

import nibabel as nb
import numpy as np
from nibabel.affines import apply_affine
from scipy.ndimage import affine_transform

from pvs_workflow import data
from pvs_workflow.method.conform import Conformed, conform
from pvs_workflow.method.count import ImageCounts
from pvs_workflow.method.cut import SixImages
from pvs_workflow.method.locate import BasalGanglia, TemplateAffine, Warp
from pvs_workflow.registration.transforms import LinearTransform
from pvs_workflow.science.geometry import to_canonical
from pvs_workflow.science.slices import find_views

EXAMPLE = Path(__file__).parents[2] / 'bids_examples' / 'template'
AFFINE = np.diag([0.9, 0.9, 4.0, 1.0])


@cache
def template_image(name):
    """Return one of the template's images."""
    image = nb.load(data.path('template', f'tpl-MNI152NLin2009cSym_res-1_{name}.nii.gz'))
    return nb.Nifti1Image(np.asarray(image.dataobj).astype(np.float32), image.affine)


def turn(angles, shift):
    """Return a rigid matrix, RAS millimetres."""
    x, y, z = np.radians(angles)
    rx = [[1, 0, 0], [0, np.cos(x), -np.sin(x)], [0, np.sin(x), np.cos(x)]]
    ry = [[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]]
    rz = [[np.cos(z), -np.sin(z), 0], [np.sin(z), np.cos(z), 0], [0, 0, 1]]
    matrix = np.eye(4)
    matrix[:3, :3] = np.array(rx) @ ry @ rz
    matrix[:3, 3] = shift
    return matrix


def thick_t2w(move):
    """Return the template's T2w as a 2D acquisition of a head moved by ``move``."""
    image = template_image('T2w')
    affine = np.diag([0.8, 0.8, 5.0, 1])
    affine[:3, 3] = [-78, -110, -55]
    to_voxel = np.linalg.inv(image.affine) @ np.linalg.inv(move)
    shape = (195, 250, 26)
    slices = [
        affine_transform(
            np.asarray(image.dataobj),
            to_voxel @ affine @ turn((0, 0, 0), (0, 0, dz)),
            output_shape=shape,
            order=1,
        )
        for dz in (-0.4, -0.2, 0, 0.2, 0.4)
    ]
    noise = np.random.default_rng(3).normal(0, 3, shape)
    return nb.Nifti1Image(np.abs(np.mean(slices, axis=0) + noise).astype(np.float32), affine)


def conformed(image):
    """Return an image as a :class:`Conformed` one."""
    values, affine, storage = to_canonical(np.asarray(image.dataobj), image.affine)
    return Conformed('T2w.nii.gz', nb.Nifti1Image(np.ascontiguousarray(values), affine), storage)


@cache
def example_scan(name):
    """Return an image of the example's first session, conformed."""
    return conform(EXAMPLE / f'sub-01/ses-1/anat/sub-01_ses-1_{name}.nii.gz')


def dice(one, other):
    """Return the Dice overlap of two masks."""
    return 2 * np.count_nonzero(one & other) / (one.sum() + other.sum())


def small_head():
    """Return a T2w of 12 slices with two boxes of basal ganglia, 17.5 cm³ each."""
    roi = np.zeros((80, 60, 12), np.uint8)
    roi[5:35, 10:50, 3:9], roi[45:75, 10:50, 3:9] = 1, 2
    noise = np.random.default_rng(2).normal(400, 20, roi.shape)
    structures = np.where(roi == 1, 12, np.where(roi == 2, 51, 0)).astype(np.int16)
    images = (nb.Nifti1Image(array, AFFINE) for array in (structures, roi))
    return conformed(nb.Nifti1Image(noise.astype(np.float32), AFFINE)), BasalGanglia(*images)


def six_images(roi, pixels=80 * 96):
    """Return uniform grey images of a head with the given number of ROI pixels."""
    rois = np.zeros((6, 80 * 96), bool)
    rois[:, :pixels] = True
    grey = np.full((6, 80, 96), 0.4, np.float32)
    views = tuple(find_views(roi))
    slices = tuple(view.slice_index for view in views)
    return SixImages(grey, rois.reshape(grey.shape), grey, views, slices)


def image_counts(counts, evidence=None, in_distribution=(True,) * 6):
    """Return counts with intervals of ±1, and grey images enhanced by the evidence."""
    counts = np.asarray(counts, dtype=float)
    evidence = np.zeros((6, 80, 96), np.float32) if evidence is None else evidence
    return ImageCounts(
        enhanced=np.clip(0.4 + 0.5 * evidence, 0, 1).astype(np.float32),
        evidence=evidence,
        counts=counts,
        lows=np.maximum(counts - 1, 0),
        highs=counts + 1,
        probabilities=np.full(5, 0.2),
        distances=np.ones(6),
        in_distribution=np.array(in_distribution),
    )


def warp(correlation):
    """Return a warp of the small head with the given correlation."""
    image = small_head()[0].image
    return Warp(image, image, correlation)


def template_affine_at(matrix):
    """Return a registration of the template with this matrix, RAS millimetres."""
    flip = np.diag([-1.0, -1.0, 1.0, 1.0])  # to LPS
    lps = flip @ matrix @ flip
    parameters = (*lps[:3, :3].ravel(), *lps[:3, 3])
    return TemplateAffine(LinearTransform(tuple(map(float, parameters)), (0.0, 0.0, 0.0)))


def template_affine(move=None):
    """Return a registration of the template to the small head, whose ganglia fill most of it.

    ``move`` is a matrix that moves the head further in template space.
    """
    matrix = np.diag([1.2, 1.2, 1.2, 1.0])
    centre = apply_affine(AFFINE, (np.array([80, 60, 12]) - 1) / 2)
    matrix[:3, 3] = np.array([0, 0, 6]) - 1.2 * centre
    return template_affine_at(matrix if move is None else move @ matrix)


def spots(numbers):
    """Return evidence with the given numbers of 3 × 4 patches in each image."""
    evidence = np.zeros((len(numbers), 80, 96), np.float32)
    for image, number in zip(evidence, numbers, strict=True):
        for index in range(number):
            image[20 + 5 * index : 23 + 5 * index, 30:34] = 1
    return evidence


def jacobian_range(field: nb.Nifti1Image) -> tuple[float, float]:
    """Return the smallest and the largest local volume change of a displacement field.

    A smallest value ≤ 0 means that the field has folds.

    Parameters
    ----------
    field : nibabel image
        Displacement field in ITK's format, LPS millimetres.

    """
    vectors = np.squeeze(np.asarray(field.dataobj, dtype=np.float64)) * [-1, -1, 1]  # to RAS
    per_mm = np.stack(np.gradient(vectors, axis=(0, 1, 2)), axis=-1) @ np.linalg.inv(
        field.affine[:3, :3]
    )
    determinant = np.linalg.det(per_mm + np.eye(3))
    return float(determinant.min()), float(determinant.max())
