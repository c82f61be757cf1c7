"""Staged failures: deliberate errors in the scans of a head.

Volumes are canonical; headers are unchanged unless stated otherwise.
"""

from dataclasses import dataclass

import nibabel as nb
import numpy as np


@dataclass(frozen=True)
class StagedScans:
    """The scans given to the app, and the true structures on the T2w's grid, if known."""

    t2w: nb.Nifti1Image
    t1w: nb.Nifti1Image | None
    truth: np.ndarray | None


T1W_KINDS = ('T1w of another person', 'T1w flipped left to right', 'T1w of noise')
T2W_KINDS = ('T2w of noise', 'T2w cut through the basal ganglia', 'T2w turned by 90°')
GOOD = 'good'


def stage(kind: str, good: StagedScans, other: nb.Nifti1Image | None, rng) -> StagedScans:
    """Turn a good case into a failure; ``other`` is another person's T1w, for the first kind."""
    t2w, t1w, truth = good.t2w, good.t1w, good.truth
    match kind:
        case 'good':
            return good
        case 'T1w of another person':
            return StagedScans(t2w, other, truth)
        case 'T1w flipped left to right':
            return StagedScans(t2w, flip_sides(t1w), truth)
        case 'T1w of noise':
            return StagedScans(t2w, noise_like(t1w, rng), truth)
        case 'T2w of noise':
            return StagedScans(noise_like(t2w, rng), t1w, None)
        case 'T2w cut through the basal ganglia':
            end = cut_height(truth, t2w.shape[2])
            return StagedScans(
                cut_above(t2w, end), t1w, None if truth is None else truth[:, :, :end]
            )
        case 'T2w turned by 90°':
            turned = None if truth is None else np.ascontiguousarray(np.rot90(truth))
            return StagedScans(quarter_turn(t2w), t1w, turned)
    raise ValueError(f'{kind!r} is not a kind of failure')


def flip_sides(image: nb.Nifti1Image) -> nb.Nifti1Image:
    """Swap left and right in the voxels alone."""
    return _like(np.asarray(image.dataobj)[::-1], image)


def noise_like(image: nb.Nifti1Image, rng: np.random.Generator) -> nb.Nifti1Image:
    """Replace a scan by the noise of an empty magnitude image with the same mean."""
    mean = float(np.asarray(image.dataobj).mean())
    return _like(rng.rayleigh(mean / np.sqrt(np.pi / 2), image.shape), image)


def cut_above(image: nb.Nifti1Image, end: int) -> nb.Nifti1Image:
    """Keep the slices below ``end``."""
    return _like(np.asarray(image.dataobj)[:, :, :end], image)


def cut_height(truth: np.ndarray | None, n_slices: int) -> int:
    """Return the middle slice of the structures, or that of the volume without any."""
    if truth is None or not truth.any():
        return n_slices // 2
    heights = np.flatnonzero(truth.any(axis=(0, 1)))
    return int(heights[0] + heights[-1] + 1) // 2


def quarter_turn(image: nb.Nifti1Image) -> nb.Nifti1Image:
    """Turn the axial slices by 90 degrees in the voxels alone."""
    return _like(np.rot90(np.asarray(image.dataobj)), image)


def _like(data: np.ndarray, image: nb.Nifti1Image) -> nb.Nifti1Image:
    return nb.Nifti1Image(np.ascontiguousarray(data, dtype=np.float32), image.affine)
