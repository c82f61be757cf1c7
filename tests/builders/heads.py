"""Small heads for the benchmarks of registration."""

from pathlib import Path

import nibabel as nb
import numpy as np

from benchmarks.cases import Case
from benchmarks.staging import StagedScans

AFFINE = np.diag([0.5, 0.8, 4.0, 1.0])


def block(corner, size, label=1, shape=(20, 22, 9)):
    out = np.zeros(shape, dtype=int)
    out[tuple(slice(c, c + s) for c, s in zip(corner, size, strict=True))] = label
    return out


def image(data, affine=AFFINE):
    return nb.Nifti1Image(np.asarray(data, dtype=np.float32), affine)


def basal_ganglia(shift=0, up=0, shape=(60, 40, 12)):
    """Return labels of caudate and putamen on both sides, in slices 3 to 7."""
    out = np.zeros(shape, dtype=int)
    for z, depth in ((3, 4), (4, 8), (5, 10), (6, 9), (7, 5)):
        for medial, lateral, labels in ((24, 16, (11, 12)), (34, 42, (50, 51))):
            out[medial + shift : medial + shift + 4, 20 : 20 + depth, z + up] = labels[0]
            out[lateral + shift : lateral + shift + 4, 12 : 12 + depth, z + up] = labels[1]
    return out


def good_case(rng):
    t2w = image(rng.random((60, 40, 12)) * 100)
    return StagedScans(t2w, image(rng.random((8, 9, 10)) * 50), basal_ganglia())


def case(name, t1w=True):
    t1w = Path(f'{name}_T1w.nii') if t1w else None
    return Case(f'{name}_ses-1', name, Path(f'{name}_T2w.nii'), t1w, None)
