"""Part ``overlap``: agreement of structures in simulated people with the true ones."""

import argparse
import tempfile
from collections.abc import Sequence
from concurrent.futures import Executor
from pathlib import Path

import nibabel as nb
import numpy as np
from nibabel.affines import voxel_sizes

from benchmarks.alignments import run_in_subprocess
from benchmarks.cases import Case, save_canonical, simulated_people
from benchmarks.scores import STRUCTURES, score, slice_offset, spread
from pvs_workflow.errors import PVSError
from pvs_workflow.method.conform import conform
from pvs_workflow.method.correct import correct
from pvs_workflow.method.locate import locate

TEMPLATE = 'template'
VENTRICLES = (4, 43)
LARGE_VENTRICLES = 30.0
"""Volume above which lateral ventricles are large, ml; mostly in atrophied brains."""
NAMES = (*STRUCTURES, 'roi')


def overlap(args: argparse.Namespace, pool: Executor, print_progress) -> dict:
    """Measure ours, with the T2w alone, and stock, with the T1w, for the first people.

    People made from the template are not a fair test: stock registers that template to them, and
    ours was trained on other labelling rules. If the dataset names their anatomy, they are
    summarised separately, as are people with large ventricles.
    """
    people = simulated_people(args.simulated, args.people)
    futures = [pool.submit(ours, case, args.seed) for case in people]
    rows = []
    for future in futures:
        rows.append(future.result())
        print_progress(f'{rows[-1]["person"]} ours')
    for case in people[: args.stock]:
        print_progress(f'{case.name} stock')
        rows.append(stock(case, args.seed))
    return summarise_groups(rows) | {'people': rows}


def summarise_groups(rows: Sequence[dict]) -> dict:
    """Return summaries of all people, of those that stock was run on, and of subgroups."""
    ours_, stock_ = ([row for row in rows if row['method'] == name] for name in ('ours', 'stock'))
    both = {row['person'] for row in stock_}
    out = {
        'ours': summarise(ours_),
        'ours_same_people': summarise([row for row in ours_ if row['person'] in both]),
        'stock': summarise(stock_),
    }
    for method, part in (('ours', ours_), ('stock', stock_)):
        groups = {
            'label_maps': [row for row in part if row.get('anatomy') not in (None, TEMPLATE)],
            'template': [row for row in part if row.get('anatomy') == TEMPLATE],
            'large_ventricles': [row for row in part if row['ventricles_ml'] > LARGE_VENTRICLES],
        }
        out |= {f'{method}_{name}': summarise(group) for name, group in groups.items()}
    return out


def ours(case: Case, seed: int) -> dict:
    """Find one person's structures and compare them with the truth."""
    row = _head(case, 'ours')
    try:
        scan = conform(case.t2w, is_t2w=True)
        structures = locate(scan, correct(scan, seed), seed).basal_ganglia.structures
    except (PVSError, RuntimeError) as error:  # ITK raises the latter
        return row | {'error': str(error)}
    return row | score_structures(
        np.asarray(structures.dataobj), case.structures(), structures.affine
    )


def stock(case: Case, seed: int) -> dict:
    """Find one person's structures with stock ANTs and the T1w, and compare with the truth."""
    with tempfile.TemporaryDirectory() as folder:
        files = save_canonical(case, Path(folder) / 'scans') | {'flair': None}
        run = run_in_subprocess('stock', files, Path(folder) / 'stock', seed)
        affine = nb.load(files['t2w']).affine
    row = _head(case, 'stock')
    return row | score_structures(run.structures, case.structures(), affine)


def score_structures(structures: np.ndarray, truth: np.ndarray, affine: np.ndarray) -> dict:
    """Return the scores of structures, and the offset of the three chosen slices."""
    try:
        offset = slice_offset(structures, truth, affine)
    except PVSError as error:
        return {'dice': score(structures, truth), 'slice_offset': None, 'error': str(error)}
    return {'dice': score(structures, truth), 'slice_offset': offset}


def summarise(rows: Sequence[dict]) -> dict:
    """Return the spread of every structure's scores over people, and the slice offsets."""
    scored = [row for row in rows if 'dice' in row]
    offsets = [abs(row['slice_offset']) for row in scored if row['slice_offset'] is not None]
    return {
        'n': len(rows),
        'errors': sum('error' in row for row in rows),
        'dice': {name: spread([row['dice'][name] for row in scored], min) for name in NAMES},
        'slices_equal': sum(offset == 0 for offset in offsets),
        'largest_slice_offset': max(offsets, default=None),
    }


def _head(case: Case, method: str) -> dict:
    anatomy = {'anatomy': case.anatomy} if case.anatomy else {}
    size = np.prod(voxel_sizes(nb.load(case.reference).affine))
    volume = round(
        float(np.count_nonzero(np.isin(case.structures(), VENTRICLES)) * size / 1000), 1
    )
    return {'person': case.name, **anatomy, 'ventricles_ml': volume, 'method': method}
