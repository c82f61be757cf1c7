"""Measure the contrast of fluid and deep grey matter in T2w and in other scans named T2w.

Scans of proton density are made from each T2w: with one proton density for all tissues, the signal
at a shorter echo time is the T2w signal to the power of the ratio of both times.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import nibabel as nb
import numpy as np

from benchmarks.harness import command, command_line, print_progress, write_record
from pvs_workflow.errors import PVSError
from pvs_workflow.method.conform import conform
from pvs_workflow.method.correct import correct
from pvs_workflow.method.locate import find_nuclei, find_roi, register_template
from pvs_workflow.science.quality import FLUID_CONTRAST, fluid_contrast
from pvs_workflow.settings import RANDOM_SEED

ECHOES = (0.12, 0.35)
"""Echo times of proton density, relative to those of the T2w: 12 and 35 ms for 100 ms."""


def shorten_echo(t2w: nb.Nifti1Image, ratio: float) -> nb.Nifti1Image:
    """Return a T2w as acquired at a shorter echo time, relative to its own."""
    signal = np.clip(np.asarray(t2w.dataobj, dtype=np.float32), 0, None)
    return nb.Nifti1Image(1000 * (signal / signal.max()) ** np.float32(ratio), t2w.affine)


def measure(path: Path) -> float | str:
    """Return the contrast of a scan, or the message of the app."""
    try:
        scan = conform(path, is_t2w=True)
        affine = register_template(scan, RANDOM_SEED)
        corrected = correct(scan, RANDOM_SEED)
        ganglia = find_roi(find_nuclei(corrected, affine, RANDOM_SEED))
    except PVSError as error:
        return str(error)
    images = corrected.image, ganglia.structures
    return round(fluid_contrast(*(np.asarray(image.dataobj) for image in images)), 2)


def list_scans(bids_dir: Path, folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the kind and the path of all scans of a dataset, and of those made from its T2w."""
    for kind in ('T2w', 'FLAIR', 'T1w'):
        for path in sorted(bids_dir.glob(f'sub-*/**/*_{kind}.nii.gz')):
            yield kind, path
            for ratio in ECHOES if kind == 'T2w' else ():
                target = folder / f'echo{ratio:g}_{path.name}'
                nb.save(shorten_echo(nb.load(path), ratio), target)
                yield f'proton density, {ratio:g} TE', target


def summarise(rows: list[dict]) -> list[dict]:
    """Return the number, the range and the flagged share of each kind of scan."""
    out = []
    for kind in dict.fromkeys(row['kind'] for row in rows):
        values = [row['contrast'] for row in rows if row['kind'] == kind]
        numbers = [value for value in values if not isinstance(value, str)]
        out.append(
            {
                'kind': kind,
                'scans': len(values),
                'lowest': min(numbers, default=None),
                'highest': max(numbers, default=None),
                'flagged': sum(value < FLUID_CONTRAST for value in numbers),
                'refused': len(values) - len(numbers),
            }
        )
    return out


def main() -> None:
    """Measure all scans of the datasets and write the record."""
    parser = command_line(__doc__, 'contrast.json')
    parser.add_argument('bids_dirs', type=Path, nargs='+', help='raw BIDS datasets')
    args = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for bids_dir in args.bids_dirs:
            for kind, path in list_scans(bids_dir, Path(folder)):
                rows.append({'scan': path.name, 'kind': kind, 'contrast': measure(path)})
                print_progress(f'{kind} {path.name}: {rows[-1]["contrast"]}')
    results = {'limit': FLUID_CONTRAST, 'kinds': summarise(rows), 'scans': rows}
    write_record(args.out, command('contrast', args, 'bids_dirs'), results)


if __name__ == '__main__':
    main()
