"""Small phantoms of two elliptic "basal ganglia" with a known number of bright dots."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import nibabel as nb
import numpy as np

ROOT = Path(__file__).parents[2]
SHAPE = (200, 160, 5)
CENTRES = {1: (55.5, 79.5), 2: (143.5, 79.5)}


@dataclass(frozen=True)
class Phantom:
    """A phantom in canonical order."""

    t2w: np.ndarray
    roi: np.ndarray
    epvs: np.ndarray
    affine: np.ndarray


def make_phantom(rng, largest=20, thickness=5.0) -> Phantom:
    x, y = np.meshgrid(*(np.arange(n) for n in SHAPE[:2]), indexing='ij')
    t2w = 60 + 4 * rng.standard_normal(SHAPE)
    roi, epvs = np.zeros(SHAPE, np.uint8), np.zeros(SHAPE, np.int16)
    label = 0
    for value, (cx, cy) in CENTRES.items():
        inside, core = (
            ((x - cx) / (26 - edge)) ** 2 + ((y - cy) / (36 - edge)) ** 2 < 1 for edge in (0, 3)
        )
        roi[inside, 1:4] = value
        t2w[inside, 1:4] += 30
        for z in range(1, 4):
            spots = np.argwhere(core & (x % 6 == 0) & (y % 6 == 0))
            for i, j in rng.permutation(spots)[: rng.integers(0, largest + 1)]:
                label += 1
                epvs[i : i + 2, j : j + 2, z] = label
    t2w[epvs > 0] = 180
    affine = np.diag([0.573, 0.573, thickness, 1.0])
    return Phantom(t2w.astype(np.float32), roi, epvs, affine)


def save_phantom(root, participant, brain, session=None):
    """Write a phantom as a BIDS participant with its ground truth."""
    entities = [f'sub-{participant}', *([f'ses-{session}'] if session else [])]
    stem = '_'.join(entities)
    raw = root.joinpath(*entities, 'anat')
    truth = root.joinpath('derivatives', 'truth', *entities, 'anat')
    raw.mkdir(parents=True)
    truth.mkdir(parents=True)
    for folder, suffix, data in (
        (raw, 'T2w', brain.t2w),
        (truth, 'space-T2w_desc-epvs_dseg', brain.epvs),
        (truth, 'space-T2w_desc-basalganglia_dseg', brain.roi),
    ):
        nb.Nifti1Image(data, brain.affine).to_filename(folder / f'{stem}_{suffix}.nii.gz')


def run_benchmark(name, *words):
    """Run a benchmark in the root of the repository."""
    command = [sys.executable, '-m', f'benchmarks.{name}', *map(str, words)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
