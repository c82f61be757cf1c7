"""All registrations of one head in a process of its own, ours or stock, measured from outside.

Usage: python benchmarks/alignments.py {ours,stock,rigid} FOLDER --t2w FILE [--t1w FILE]
       [--flair FILE] [--seed N]

Canonical volumes in; ``FOLDER/structures.nii.gz`` (not with ``rigid``, stock's rigid
registrations alone) and ``FOLDER/run.json`` (seconds of each step, rigid matrices) out.
"""

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import nibabel as nb
import numpy as np
from resources import measure

STOCK_THREADS = 2
"""As many as ours has processes."""


@dataclass(frozen=True)
class Run:
    """One way of aligning one head.

    Attributes
    ----------
    cost : dict
        Wall time, CPU time and peak memory of the process tree.
    steps : dict
        Wall time of each step, seconds.
    matrices : dict
        By contrast, (4, 4) arrays from T2w to moving points, RAS mm.
    structures : (x, y, z) array of int or None

    """

    cost: dict
    steps: dict[str, float]
    matrices: dict[str, np.ndarray]
    structures: np.ndarray | None


def run_apart(method: str, files: dict[str, Path | None], folder: Path, seed: int) -> Run:
    """Align one head in a new process tree and measure it.

    Parameters
    ----------
    method : {'ours', 'stock', 'rigid'}
    files : dict
        ``t2w``, ``t1w`` and ``flair``: canonical volumes, or None.
    folder : Path
        Made here; gets all that is written.
    seed : int

    Raises
    ------
    RuntimeError
        If the process fails; the message ends with its last line.

    """
    folder.mkdir(parents=True)
    words = [word for name, path in files.items() if path for word in (f'--{name}', str(path))]
    command = [sys.executable, __file__, method, str(folder), *words, '--seed', str(seed)]
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
    found = folder / 'structures.nii.gz'
    structures = np.asarray(nb.load(found).dataobj).astype(int) if found.exists() else None
    matrices = {name: np.array(matrix) for name, matrix in record['matrices'].items()}
    return Run(cost, record['seconds'], matrices, structures)


def main() -> None:
    """Align one head."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
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
    from motion import read_matrix

    record = {
        'seconds': {name: round(value, 1) for name, value in seconds.items()},
        'matrices': {name: read_matrix(path).tolist() for name, path in transforms.items()},
    }
    (args.folder / 'run.json').write_text(json.dumps(record))


def _align(args: argparse.Namespace):
    contrasts = {'T1w': args.t1w, 'FLAIR': args.flair}
    contrasts = {name: path for name, path in contrasts.items() if path}
    if args.method == 'ours':
        from side_by_side import find_side_by_side

        structures, linear, seconds = find_side_by_side(args.t2w, contrasts, args.seed)
        rigid = {name: t.save(args.folder / f'{name}.txt') for name, t in linear.items()}
        return structures, rigid, seconds
    import stock

    if args.method == 'stock':
        return stock.whole(args.t2w, contrasts, args.folder)
    transforms = {
        name: stock.rigid(args.t2w, path, args.folder / f'{name}_')
        for name, path in contrasts.items()
    }
    return None, transforms, {}


if __name__ == '__main__':
    main()
