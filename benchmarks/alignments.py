"""Run all registrations of one head, ours or stock, in a separate process, and measure it.

It reads canonical volumes and writes ``FOLDER/run.json`` (seconds of each step, rigid matrices).
It also writes ``FOLDER/structures.nii.gz``, except with ``rigid``: stock's rigid registrations.
"""

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import nibabel as nb
import numpy as np

from benchmarks.harness import command_line
from benchmarks.resources import measure

STOCK_THREADS = 2
"""Threads of stock ANTs; ours has as many processes."""


@dataclass(frozen=True)
class Run:
    """The result of aligning one head: cost of the process tree, seconds of steps, transforms.

    ``matrices`` are (4, 4) arrays from T2w to moving points, RAS mm, by contrast.
    """

    cost: dict
    steps: dict[str, float]
    matrices: dict[str, np.ndarray]
    structures: np.ndarray | None


def run_in_subprocess(method: str, files: dict[str, Path | None], folder: Path, seed: int) -> Run:
    """Align the canonical ``t2w``, ``t1w`` and ``flair`` of a head in a new process tree.

    ``method`` is ours, stock or rigid; all output goes to the new ``folder``.
    """
    folder.mkdir(parents=True)
    options = [word for name, path in files.items() if path for word in (f'--{name}', str(path))]
    module = [sys.executable, '-m', 'benchmarks.alignments']
    command = [*module, method, str(folder.resolve()), *options, '--seed', str(seed)]
    threads = 1 if method == 'ours' else STOCK_THREADS
    environment = {
        'ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS': str(threads),
        'ANTS_RANDOM_SEED': str(seed),
    }
    cost = measure(command, environment, folder / 'log.txt')
    if cost.pop('exit_code'):
        lines = (folder / 'log.txt').read_text().splitlines() or ['no output']
        raise RuntimeError(f'{method} registration failed: {lines[-1]}')
    record = json.loads((folder / 'run.json').read_text())
    path = folder / 'structures.nii.gz'
    structures = np.asarray(nb.load(path).dataobj).astype(int) if path.exists() else None
    matrices = {name: np.array(matrix) for name, matrix in record['matrices'].items()}
    return Run(cost, record['seconds'], matrices, structures)


def main() -> None:
    """Align one head."""
    parser = command_line(__doc__)
    parser.add_argument('method', choices=('ours', 'stock', 'rigid'))
    parser.add_argument('folder', type=Path)
    for name in ('t2w', 't1w', 'flair'):
        parser.add_argument(f'--{name}', type=Path)
    parser.add_argument('--seed', type=int, default=1)
    args = parser.parse_args()
    structures, transforms, seconds = _align(args)
    if structures is not None:
        path = args.folder / 'structures.nii.gz'
        nb.Nifti1Image(structures.astype(np.int16), nb.load(args.t2w).affine).to_filename(path)

    from pvs_workflow.registration.transforms import LinearTransform

    matrices = {name: LinearTransform.from_ants(path).matrix for name, path in transforms.items()}
    record = {
        'seconds': {name: round(value, 1) for name, value in seconds.items()},
        'matrices': {name: matrix.tolist() for name, matrix in matrices.items()},
    }
    (args.folder / 'run.json').write_text(json.dumps(record))


def _align(args: argparse.Namespace):
    contrasts = {'T1w': args.t1w, 'FLAIR': args.flair}
    contrasts = {name: path for name, path in contrasts.items() if path}
    if args.method == 'ours':
        from benchmarks.side_by_side import find_side_by_side

        structures, linear, seconds = find_side_by_side(args.t2w, contrasts, args.seed)
        rigid = {name: t.save(args.folder / f'{name}.txt') for name, t in linear.items()}
        return structures, rigid, seconds
    from benchmarks import stock

    if args.method == 'stock':
        return stock.register_all(args.t2w, contrasts, args.folder)
    transforms = {
        name: stock.rigid(args.t2w, path, args.folder / f'{name}_')
        for name, path in contrasts.items()
    }
    return None, transforms, {}


if __name__ == '__main__':
    main()
