"""Registrations with stock ANTs (antspyx without this app), with which ours are compared.

They run at full resolution on native grids with default settings. The environment sets the number
of threads before the first call, so they run in a separate process (``alignments.py``).
"""

import time
from collections.abc import Mapping
from pathlib import Path

import ants
import nibabel as nb
import numpy as np

from pvs_workflow import data
from pvs_workflow.science.roi import add_capsule


def rigid(fixed: Path, moving: Path, prefix: Path) -> Path:
    """Align two contrasts of a head with ``Rigid``; return the transform's file."""
    return Path(_register(fixed, moving, 'Rigid', prefix)[0])


def register_all(
    t2w: Path, contrasts: Mapping[str, Path], folder: Path
) -> tuple[np.ndarray, dict[str, Path], dict[str, float]]:
    """Align all contrasts, warp the template with ``SyNQuick``, and propagate its nuclei.

    Returns
    -------
    structures : (x, y, z) array of int
        Including the capsule.
    transforms : dict
        Files of the rigid transforms, by contrast.
    seconds : dict
        Wall time of each step.

    """
    seconds, transforms = {}, {}
    for name, moving in contrasts.items():
        begin = time.monotonic()
        transforms[name] = rigid(t2w, moving, folder / f'{name}_')
        seconds[name] = time.monotonic() - begin
    begin = time.monotonic()
    like = 'T1w' if 'T1w' in contrasts else 'T2w'
    chain = _register(
        contrasts.get('T1w', t2w),
        _template(like),
        'antsRegistrationSyNQuick[s]',
        folder / 'template_',
    )
    to_t1w = [str(transforms['T1w'])] if like == 'T1w' else []
    labels = ants.apply_transforms(
        _read(t2w),
        _read(_template('atlas-CerebrA_dseg')),
        [*to_t1w, *chain],
        interpolator='genericLabel',
    ).numpy()
    seconds['template'] = time.monotonic() - begin
    return add_capsule(np.round(labels).astype(np.int16)), transforms, seconds


def _register(fixed: Path, moving: Path, kind: str, prefix: Path) -> list[str]:
    result = ants.registration(_read(fixed), _read(moving), kind, outprefix=str(prefix))
    return result['fwdtransforms']


def _template(name: str) -> Path:
    return data.path('template', f'tpl-MNI152NLin2009cSym_res-1_{name}.nii.gz')


def _read(path: Path):
    return ants.from_nibabel_nifti(nb.load(path))
