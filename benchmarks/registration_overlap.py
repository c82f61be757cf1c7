"""Part ``overlap``: how well the structures found in simulated people meet the true ones."""

import argparse
import tempfile
from collections.abc import Sequence
from concurrent.futures import Executor
from pathlib import Path

import nibabel as nb
import numpy as np
from alignments import run_apart
from anatomical import conform, find_anatomy
from cases import Case, save_canonical, simulated_people, thick
from scores import STRUCTURES, score, slice_offset, spread

from pvs_workflow.errors import PVSError

THICKNESS = 3.0
"""Slices of a thick T1w, in millimetres."""

VARIANTS = ('with T1w', 'thick T1w', 'without T1w')
NAMES = (*STRUCTURES, 'roi')


def overlap(args: argparse.Namespace, pool: Executor, say) -> dict:
    """Measure ours in all variants, and stock with the T1w for the first people."""
    people = simulated_people(args.simulated, args.people)
    waiting = [
        pool.submit(ours, case, variant, args.seed) for case in people for variant in VARIANTS
    ]
    rows = []
    for done in waiting:
        rows.append(done.result())
        say(f'{rows[-1]["person"]} {rows[-1]["variant"]}')
    for case in people[: args.stock]:
        say(f'{case.name} stock')
        rows.append(stock(case, args.seed))
    firsts = {case.name for case in people[: args.stock]}
    return {
        'thick_mm': THICKNESS,
        'anatomies_told': any(case.anatomy for case in people),
        'ours': {
            variant: summed([row for row in rows if is_ours(row, variant)]) for variant in VARIANTS
        },
        'stock': summed([row for row in rows if row['method'] == 'stock']),
        'ours_same_people': summed(
            [row for row in rows if is_ours(row, VARIANTS[0]) and row['person'] in firsts]
        ),
        'people': rows,
    }


def is_ours(row: dict, variant: str) -> bool:
    """Tell whether a row is ours in a variant."""
    return row['method'] == 'ours' and row['variant'] == variant


def ours(case: Case, variant: str, seed: int) -> dict:
    """Find one person's structures and compare them with the truth."""
    t1w = None if variant == 'without T1w' else conform(case.t1w)
    if variant == 'thick T1w':
        t1w = thick(t1w, THICKNESS)
    row = _head(case, 'ours', variant)
    with tempfile.TemporaryDirectory() as folder:
        try:
            found = find_anatomy(conform(case.t2w), t1w, Path(folder), seed)
        except (PVSError, RuntimeError) as error:  # the latter are ITK's
            return row | {'error': str(error)}
    return row | compared(found.structures, case.structures(), found.t2w.affine)


def stock(case: Case, seed: int) -> dict:
    """Do the same with stock ANTs and the T1w."""
    with tempfile.TemporaryDirectory() as folder:
        files = save_canonical(case, Path(folder) / 'scans') | {'flair': None}
        found = run_apart('stock', files, Path(folder) / 'stock', seed)
        affine = nb.load(files['t2w']).affine
    row = _head(case, 'stock', VARIANTS[0])
    return row | compared(found.structures, case.structures(), affine)


def compared(found: np.ndarray, truth: np.ndarray, affine: np.ndarray) -> dict:
    """Return the scores of structures, and by how many slices the three chosen are off."""
    try:
        offset = slice_offset(found, truth, affine)
    except PVSError as error:
        return score(found, truth, affine) | {'slice_offset': None, 'error': str(error)}
    return score(found, truth, affine) | {'slice_offset': offset}


def summed(rows: Sequence[dict]) -> dict:
    """Return the spread over people of every structure's scores, and how slices agree."""
    scored = [row for row in rows if 'dice' in row]
    offsets = [abs(row['slice_offset']) for row in scored if row['slice_offset'] is not None]
    return {
        'n': len(rows),
        'errors': sum('error' in row for row in rows),
        'dice': {name: spread([row['dice'][name] for row in scored], min) for name in NAMES},
        'hd95_mm': {name: spread([row['hd95_mm'][name] for row in scored]) for name in NAMES},
        'slices_equal': sum(offset == 0 for offset in offsets),
        'largest_slice_offset': max(offsets, default=None),
    }


def _head(case: Case, method: str, variant: str) -> dict:
    told = {'anatomy': case.anatomy} if case.anatomy else {}
    return {'person': case.name, **told, 'method': method, 'variant': variant}
