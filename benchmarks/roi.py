"""Overlap of the ROI's nuclei with an independent segmentation.

Usage: python benchmarks/roi.py RESULTS SEGMENTATIONS [FILE]

RESULTS is an output folder of the participant level; SEGMENTATIONS holds label images with
FreeSurfer's numbers on the T2w grids, in the same sub-X/ses-Y folders.
"""

import json
import sys
from pathlib import Path

import nibabel as nb
import numpy as np
from scores import NUCLEI, dice


def main(results: Path, segmentations: Path, target: Path) -> None:
    """Write the Dice coefficient of every session and structure."""
    table = {}
    for path in sorted(results.glob('sub-*/**/*_desc-structures_dseg.nii.gz')):
        session = path.parent.parent.relative_to(results)
        theirs = sorted((segmentations / session).rglob('*.nii.gz'))
        if theirs:
            images = [np.asarray(nb.load(name).dataobj) for name in (path, theirs[0])]
            table[session.as_posix()] = {
                name: dice(*images, labels) for name, labels in NUCLEI.items()
            }
    command = 'python benchmarks/roi.py RESULTS SEGMENTATIONS'
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps({'command': command, 'dice': table}, indent=2) + '\n')
    print(json.dumps(table, indent=2))


if __name__ == '__main__':
    main(*map(Path, sys.argv[1:3]), Path(*sys.argv[3:4] or ['docs/validation/roi.json']))
