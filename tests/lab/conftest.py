"""Small made-up volumes: two elliptic "basal ganglia" with bright dots of known number."""

from dataclasses import dataclass
from itertools import product

import nibabel as nb
import numpy as np
import pytest

from pvs_workflow.lab.evaluation.results import ImageResult
from pvs_workflow.lab.training.samples import volume_samples

SHAPE = (200, 160, 5)
CENTRES = {1: (55.5, 79.5), 2: (143.5, 79.5)}


@dataclass(frozen=True)
class Phantom:
    """One made-up brain, canonical order."""

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


@pytest.fixture
def phantom():
    return make_phantom(np.random.default_rng(0))


@pytest.fixture(scope='session')
def samples():
    """The 36 samples of six phantoms."""
    rng = np.random.default_rng(1)
    out = []
    for index in range(6):
        brain = make_phantom(rng)
        out += volume_samples(f'{index:02d}', brain.t2w, brain.roi, brain.epvs, brain.affine)
    return out


def save_phantom(root, participant, brain, session=None):
    """Write a phantom as a BIDS participant with its truth."""
    parts = [f'sub-{participant}', *([f'ses-{session}'] if session else [])]
    stem = '_'.join(parts)
    raw = root.joinpath(*parts, 'anat')
    truth = root.joinpath('derivatives', 'truth', *parts, 'anat')
    raw.mkdir(parents=True)
    truth.mkdir(parents=True)
    for folder, rest, data in (
        (raw, 'T2w', brain.t2w),
        (truth, 'space-T2w_desc-epvs_dseg', brain.epvs),
        (truth, 'space-T2w_desc-basalganglia_dseg', brain.roi),
    ):
        nb.Nifti1Image(data, brain.affine).to_filename(folder / f'{stem}_{rest}.nii.gz')


@pytest.fixture(scope='session')
def dataset(tmp_path_factory):
    """A BIDS dataset of four phantoms, one of them with a session."""
    root = tmp_path_factory.mktemp('phantoms') / 'cohort'
    rng = np.random.default_rng(2)
    for index in range(4):
        save_phantom(root, f'{index:02d}', make_phantom(rng), session='a' if index == 3 else None)
    (root / 'dataset_description.json').write_text('{"Name": "Phantoms", "BIDSVersion": "1.9.0"}')
    return root


@pytest.fixture
def write_phantom():
    """The function that writes a phantom as a BIDS participant."""
    return save_phantom


@pytest.fixture
def make_results():
    """The function that makes up the results of a cross-validation with one enhancement."""

    def make(method='none', people=6, error=2.0, seed=0):
        rng = np.random.default_rng(seed)
        out = []
        for person, side, rank in product(range(people), 'LR', (1, 2, 3)):
            true = int(rng.integers(0, 45))
            one, two = (max(0.0, true + rng.normal(0, error * factor)) for factor in (1, 2))
            cnr = float(rng.uniform(5, 15)) if true else None
            place = (f'{person:02d}', side, rank, person % 2 + 1)
            out.append(ImageResult(*place, method, true, one, two, cnr, cnr and cnr / 3))
        return out

    return make
