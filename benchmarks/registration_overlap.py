"""Part ``overlap``: how well the structures found in simulated people meet the true ones."""

import argparse
import tempfile
from collections.abc import Sequence
from concurrent.futures import Executor
from pathlib import Path

import nibabel as nb
import numpy as np
from nibabel.affines import voxel_sizes

from benchmarks.alignments import run_apart
from benchmarks.cases import Case, save_canonical, simulated_people
from benchmarks.scores import STRUCTURES, score, slice_offset, spread
from pvs_workflow.errors import PVSError
from pvs_workflow.method.conform import conform
from pvs_workflow.method.correct import correct
from pvs_workflow.method.locate import locate

TEMPLATE = 'template'
VENTRICLES = (4, 43)
LARGE = 30.0
"""Lateral ventricles of more millilitres are large: atrophied brains, mostly."""
NAMES = (*STRUCTURES, 'roi')


def overlap(args: argparse.Namespace, pool: Executor, say) -> dict:
    """Measure ours, which takes the T2w alone, and stock with the T1w for the first people.

    People made from the template are no fair test of stock, which lays that template on them, nor
    of ours, which has learned other rules of labelling: where the dataset tells who they are,
    they are summed up apart. So are those with large ventricles.
    """
    people = simulated_people(args.simulated, args.people)
    waiting = [pool.submit(ours, case, args.seed) for case in people]
    rows = []
    for done in waiting:
        rows.append(done.result())
        say(f'{rows[-1]["person"]} ours')
    for case in people[: args.stock]:
        say(f'{case.name} stock')
        rows.append(stock(case, args.seed))
    return grouped(rows) | {'people': rows}


def grouped(rows: Sequence[dict]) -> dict:
    """Return the sums over all people, over those that stock was run on, and by what they are."""
    ours_, stock_ = ([row for row in rows if row['method'] == name] for name in ('ours', 'stock'))
    both = {row['person'] for row in stock_}
    out = {
        'ours': summed(ours_),
        'ours_same_people': summed([row for row in ours_ if row['person'] in both]),
        'stock': summed(stock_),
    }
    for method, part in (('ours', ours_), ('stock', stock_)):
        groups = {
            'label_maps': [row for row in part if row.get('anatomy') not in (None, TEMPLATE)],
            'template': [row for row in part if row.get('anatomy') == TEMPLATE],
            'large_ventricles': [row for row in part if row['ventricles_ml'] > LARGE],
        }
        out |= {f'{method}_{name}': summed(group) for name, group in groups.items()}
    return out


def ours(case: Case, seed: int) -> dict:
    """Find one person's structures and compare them with the truth."""
    row = _head(case, 'ours')
    try:
        scan = conform(case.t2w, is_t2w=True)
        found = locate(scan, correct(scan, seed), seed).basal_ganglia.structures
    except (PVSError, RuntimeError) as error:  # the latter are ITK's
        return row | {'error': str(error)}
    return row | compared(np.asarray(found.dataobj), case.structures(), found.affine)


def stock(case: Case, seed: int) -> dict:
    """Do the same with stock ANTs and the T1w."""
    with tempfile.TemporaryDirectory() as folder:
        files = save_canonical(case, Path(folder) / 'scans') | {'flair': None}
        found = run_apart('stock', files, Path(folder) / 'stock', seed)
        affine = nb.load(files['t2w']).affine
    row = _head(case, 'stock')
    return row | compared(found.structures, case.structures(), affine)


def compared(found: np.ndarray, truth: np.ndarray, affine: np.ndarray) -> dict:
    """Return the scores of structures, and by how many slices the three chosen are off."""
    try:
        offset = slice_offset(found, truth, affine)
    except PVSError as error:
        return {'dice': score(found, truth), 'slice_offset': None, 'error': str(error)}
    return {'dice': score(found, truth), 'slice_offset': offset}


def summed(rows: Sequence[dict]) -> dict:
    """Return the spread over people of every structure's scores, and how slices agree."""
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
    told = {'anatomy': case.anatomy} if case.anatomy else {}
    size = np.prod(voxel_sizes(nb.load(case.reference).affine))
    large = np.count_nonzero(np.isin(case.structures(), VENTRICLES)) * size / 1000
    return {'person': case.name, **told, 'ventricles_ml': round(float(large), 1), 'method': method}
