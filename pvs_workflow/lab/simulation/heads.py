"""Training images of the nuclei network: deep grey matter in random contrasts.

Label maps are deformed and painted with random tissue signals, so that the network does not depend
on the sequence (domain randomisation; Billot et al. 2023, Medical Image Analysis 86:102789).
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter, zoom

from pvs_workflow.lab.simulation.anatomy import draw_shape
from pvs_workflow.lab.simulation.contrasts import sample_points
from pvs_workflow.lab.simulation.fields import smooth_field
from pvs_workflow.lab.simulation.grids import Grid, rigid
from pvs_workflow.lab.simulation.labelmaps import CLASSES, CORNER, load_label_map
from pvs_workflow.lab.simulation.relaxation import draw_tissues, signals
from pvs_workflow.lab.simulation.template import (
    Channel,
    both_sides,
    label_centres,
    structure_centres,
)
from pvs_workflow.science.nuclei import BOX_SHAPE, BOX_SIZE, box_affine
from pvs_workflow.science.roi import STRUCTURES

TEMPLATE_VOLUME = 1_886_395
"""Volume of the template's brain mask, mm³."""

MAX_SPOTS = 400
"""Maximum number of spots in the box, over both sides and all slices."""

PHYSICAL_SHARE = 0.75
"""Share of physically plausible contrasts; the others are arbitrary."""

_VESSELS = {30: 12, 62: 51}
"""FreeSurfer vessel labels, which are perivascular spaces, and the putamen around them."""


@dataclass(frozen=True)
class Head:
    """A label map and its size relative to the template.

    Attributes
    ----------
    labels : Channel
    ventricles : Channel
        Smoothed mask of the lateral ventricles, for their random widening.
    scale : float
        Size relative to the template: cube root of the ratio of intracranial volumes.
    centre : (3,) array
        Centre of the deep nuclei, mm.

    """

    labels: Channel
    ventricles: Channel
    scale: float
    centre: np.ndarray


@lru_cache(maxsize=32)
def load_head(path: Path) -> Head:
    """Read a label map for :func:`draw_labels`."""
    labels = load_label_map(path).copy()
    for vessel, putamen in _VESSELS.items():
        labels[labels == vessel] = putamen
    affine = np.eye(4)
    affine[:3, 3] = CORNER
    template_centres = structure_centres()
    centres = label_centres(labels, affine, list(template_centres))
    ventricles = np.isin(labels, both_sides('lateral ventricle'))
    return Head(
        Channel(labels, affine, order=0),
        Channel(gaussian_filter(ventricles.astype(np.float32), 5), affine),
        float(np.cbrt(np.count_nonzero((labels > 0) & (labels < 256)) / TEMPLATE_VOLUME)),
        np.mean([centres[index] for index in template_centres], axis=0),
    )


def draw_labels(rng: np.random.Generator, head: Head) -> np.ndarray:
    """Deform a label map and sample it on the box around the basal ganglia.

    Returns
    -------
    array of int16, shape `BOX_SHAPE`
        All labels of the map. The head is scaled to the template, with the errors of an affine
        registration: 4°, 4 mm, 5 % overall and 3 % along each axis (standard deviations).

    """
    shape = draw_shape(rng, head.ventricles)
    error = rigid(rng.normal(0, 4, 3), rng.normal(0, 4, 3))
    zooms = head.scale / (np.exp(rng.normal(0, 0.05)) * np.exp(rng.normal(0, 0.03, 3)))
    error[:3, :3] = error[:3, :3] @ np.diag(zooms)
    to_centre = np.eye(4)
    to_centre[:3, 3] = -head.centre
    # Rotate and scale about the nuclei, which would otherwise leave the box.
    about_centre = np.linalg.inv(to_centre) @ error @ to_centre
    grid = Grid(BOX_SHAPE, about_centre @ box_affine())
    return head.labels.sample(sample_points(shape, grid)).astype(np.int16)


def paint(rng: np.random.Generator, labels: np.ndarray) -> np.ndarray:
    """Paint labels in a random contrast, with the artefacts of a random acquisition.

    Returns a float32 image in arbitrary units ≥ 0.
    """
    draw_signals = _physical_signals if rng.random() < PHYSICAL_SHARE else _arbitrary_signals
    means = draw_signals(rng, labels)
    image = means[labels]
    width = rng.uniform(0.1, 0.35) if rng.random() < 0.8 else 0.0
    spread = rng.uniform(0.01, 0.06)
    image = image * (1 + spread * smooth_field(rng, image.shape, rng.uniform(0.5, 1.5)))
    image = _add_spots(rng, image, labels)
    image = gaussian_filter(image, 0.3 + width)
    image = _thicken_slices(rng, image)
    image = image * np.exp(rng.uniform(0, 0.25) * _shading(rng, image.shape))
    level = np.percentile(image, 95) * np.exp(rng.uniform(np.log(0.008), np.log(0.1)))
    noise = rng.standard_normal((2, *image.shape), dtype=np.float32) * np.float32(level)
    image = np.hypot(image + noise[0], noise[1])
    return (image ** np.exp(rng.normal(0, 0.15))).astype(np.float32)


def _physical_signals(rng: np.random.Generator, labels: np.ndarray) -> np.ndarray:
    """Return the signal of each label in a T1w, a T2w or an approximate FLAIR."""
    te, tr = rng.uniform(60, 130), rng.uniform(2500, 7000)
    t2w, t1w = signals(draw_tissues(rng, 'varied', te, tr))
    t2w['fluid'] = rng.uniform(1.6, 4.0)
    contrast = rng.choice(['T1w', 'T2w', 'FLAIR'], p=[0.4, 0.5, 0.1])
    values = dict(t1w if contrast == 'T1w' else t2w)
    if contrast == 'FLAIR':
        values['fluid'] = rng.uniform(0.05, 0.4)
    means = np.zeros(int(labels.max()) + 1, np.float32)
    means[1:256] = values['white matter']
    for name, numbers in CLASSES.items():
        present = [number for number in numbers if number < len(means)]
        means[present] = values[name] * np.exp(rng.normal(0, 0.03))
    means[256:] = rng.uniform(0.05, 1.2, max(len(means) - 256, 0))
    return means


def _arbitrary_signals(rng: np.random.Generator, labels: np.ndarray) -> np.ndarray:
    """Return an arbitrary signal for each label, equal for all labels of a tissue."""
    means = rng.uniform(0.05, 1, int(labels.max()) + 1).astype(np.float32)
    for numbers in CLASSES.values():
        present = [number for number in numbers if number < len(means)]
        means[present] = rng.uniform(0.05, 1)
    means[0] = 0
    return means


def _add_spots(rng: np.random.Generator, image: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Add bright or dark spots: perivascular spaces and lesions, which label maps lack."""
    if rng.random() < 0.4:
        return image
    inside = np.isin(labels, [s.index for s in STRUCTURES if s.in_roi] + [2, 41])
    positions = np.argwhere(inside)
    if rng.random() < 0.3:
        # Many spots on one side must not change the label of the tissue.
        positions = positions[(positions[:, 0] < image.shape[0] // 2) == (rng.random() < 0.5)]
    spots = np.zeros(image.shape, np.float32)
    number = int(np.exp(rng.uniform(0, np.log(MAX_SPOTS))))
    voxels = tuple(positions[rng.integers(len(positions), size=number)].T)
    spots[voxels] = rng.uniform(0.3, 1, number)
    spots = gaussian_filter(spots, (0.45, 0.45, rng.uniform(0.45, 1.5)))
    spots = np.minimum(spots / np.percentile(spots[voxels], 75), 1) * rng.uniform(0.3, 1)
    target = rng.choice([image.min(), image.max()])
    return image + (target - image) * spots


def _thicken_slices(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """Average the image to slices, and interpolate it back."""
    if rng.random() < 0.35:
        return image
    axis = rng.choice(3, p=[0.1, 0.1, 0.8])
    thickness = rng.uniform(1.5, 6.0) / BOX_SIZE
    blurred = gaussian_filter(image, [0.35 * thickness if a == axis else 0 for a in range(3)])
    count = image.shape[axis]
    n = max(int(count / thickness), 4)
    first = rng.uniform(0, thickness)
    position = first + thickness * np.arange(n)
    low = np.clip(np.floor(position).astype(int), 0, count - 2)
    weight = np.clip(position - low, 0, 1)
    moved = np.moveaxis(blurred, axis, 0)
    slices = moved[low] + (moved[low + 1] - moved[low]) * weight[:, None, None]
    back = np.clip((np.arange(count) - first) / thickness, 0, n - 1)
    low = np.minimum(back.astype(int), n - 2)
    weight = (back - low)[:, None, None]
    return np.moveaxis(slices[low] * (1 - weight) + slices[low + 1] * weight, 0, axis)


def _shading(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    coarse = rng.standard_normal((4, 4, 4), dtype=np.float32)
    fine = zoom(coarse, [n / 4 for n in shape], order=1, grid_mode=True, mode='nearest')
    return gaussian_filter(fine, 6)
