"""Measure the overlap of the ROI's nuclei with an independent segmentation.

RESULTS is an output folder of the participant level; SEGMENTATIONS holds label images with
FreeSurfer's numbers on the T2w grids, in the same sub-X/ses-Y folders.
"""

from pathlib import Path

import nibabel as nb
import numpy as np

from benchmarks.harness import command, command_line, write_record
from benchmarks.scores import NUCLEI, dice


def main() -> None:
    """Write the Dice coefficient of every session and structure."""
    parser = command_line(__doc__, 'roi.json')
    parser.add_argument('results', type=Path)
    parser.add_argument('segmentations', type=Path)
    args = parser.parse_args()
    table = {}
    for path in sorted(args.results.glob('sub-*/**/*_desc-structures_dseg.nii.gz')):
        session = path.parent.parent.relative_to(args.results)
        references = sorted((args.segmentations / session).rglob('*.nii.gz'))
        if references:
            images = [np.asarray(nb.load(name).dataobj) for name in (path, references[0])]
            table[session.as_posix()] = {
                name: dice(*images, labels) for name, labels in NUCLEI.items()
            }
    write_record(args.out, command('roi', args, 'results', 'segmentations'), {'dice': table})


if __name__ == '__main__':
    main()
