"""Make the shipped template from the ICBM 2009c symmetric average and CerebrA.

Usage: python scripts/make_template.py SOURCE

SOURCE holds the published files (mni_icbm152_{t1,t2}_sym_09c.nii.gz, the brain mask,
CerebrA_dseg.nii.gz, COPYING_ICBM152). They are cropped to the head above the mouth, since the
registrations use no more, and stored in eight bits. The labels of the deep grey matter get
FreeSurfer's numbers.
"""

import sys
from pathlib import Path

import nibabel as nb
import numpy as np

from pvs_workflow import data
from pvs_workflow.science.roi import STRUCTURES

CEREBRA = {  # CerebrA_LabelDetails.csv: (left, right)
    'caudate': (100, 49),
    'putamen': (72, 21),
    'pallidum': (78, 27),
    'accumbens': (55, 4),
    'thalamus': (91, 40),
    'lateral ventricle': (92, 41),
}
LOWEST_Z = -70.0  # mm, MNI: below the cerebellum
HEAD = 0.08  # of the maximum intensity


def main(source: Path) -> None:
    """Write the template's files to the package's data folder."""
    out = data.path('template')
    images = {
        name: nb.load(source / f'mni_icbm152_{name}_sym_09c.nii.gz') for name in ('t1', 't2')
    }
    affine = images['t1'].affine
    t1 = np.asarray(images['t1'].dataobj, dtype=float)
    mask = np.asarray(nb.load(source / 'mni_icbm152_brainmask_sym_09c.nii.gz').dataobj) > 0
    labels = np.asarray(nb.load(source / 'CerebrA_dseg.nii.gz').dataobj).astype(int)

    head = t1 > HEAD * t1.max()
    floor = round(LOWEST_Z - affine[2, 3])
    head[:, :, :floor] = False
    corners = [(axis.min(), axis.max() + 1) for axis in np.nonzero(head)]
    box = tuple(slice(*corner) for corner in corners)
    cropped = affine.copy()
    cropped[:3, 3] += affine[:3, :3] @ [corner[0] for corner in corners]

    def save(array, name):
        image = nb.Nifti1Image(array[box], cropped)
        image.set_qform(cropped, 4)
        image.set_sform(cropped, 4)
        nb.save(image, out / f'tpl-MNI152NLin2009cSym_res-1_{name}.nii.gz')

    for name, suffix in (('t1', 'T1w'), ('t2', 'T2w')):
        values = np.asarray(images[name].dataobj, dtype=float)
        scale = 255 / np.percentile(values[mask], 99.95)
        save(np.clip(np.round(values * scale), 0, 255).astype(np.uint8), suffix)
    save(mask.astype(np.uint8), 'desc-brain_mask')
    structures = np.zeros(labels.shape, dtype=np.uint8)
    for structure in STRUCTURES:
        if structure.name in CEREBRA:
            side = 'LR'.index(structure.hemisphere)
            structures[labels == CEREBRA[structure.name][side]] = structure.index
    save(structures, 'atlas-CerebrA_dseg')
    (out / 'COPYING_ICBM152').write_text((source / 'COPYING_ICBM152').read_text())


if __name__ == '__main__':
    main(Path(sys.argv[1]))
