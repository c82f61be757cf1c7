"""Part ``heads``: the ROI of altered heads, compared with that of the untouched ones."""

import argparse
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor

import nibabel as nb
import numpy as np

from benchmarks.altered import KINDS, Head, alter
from benchmarks.cases import Case, real_sessions, simulated_people
from benchmarks.scores import ROI, dice, spread
from pvs_workflow.errors import PVSError
from pvs_workflow.method.conform import Conformed, conform
from pvs_workflow.method.correct import correct
from pvs_workflow.method.locate import (
    TEMPLATE,
    TemplateAffine,
    find_nuclei,
    find_roi,
    register_template,
)
from pvs_workflow.registration.affine import GRID, register_once, volume_ratio
from pvs_workflow.science.resampling import coarse_image


def heads(args: argparse.Namespace, pool: Executor, print_progress) -> dict:
    """Alter real and simulated heads in every way, and find their ROIs."""
    cases = [
        *real_sessions(args.real, limit=args.sessions),
        *simulated_people(args.simulated, args.people),
    ]
    futures = [pool.submit(measure, case, args.seed) for case in cases]
    rows = []
    for case, future in zip(cases, futures, strict=True):
        rows += future.result()
        print_progress(f'{case.name}: {min(row["dice"] for row in rows[-len(KINDS) :])}')
    return summarise(rows) | {'cases': rows}


def summarise(rows: Sequence[dict]) -> dict:
    """Return how many altered heads are registered, the Dice of their ROIs, and time ratios."""
    altered = [row for row in rows if row['kind'] in KINDS]
    groups = {kind: [row for row in altered if row['kind'] == kind] for kind in KINDS}
    return {
        **_summarise_overlap(altered),
        'kinds': {kind: _summarise_overlap(group) for kind, group in groups.items()},
        'time_ratio': spread([row['time_ratio'] for row in rows if 'time_ratio' in row]),
    }


def measure(case: Case, seed: int) -> list[dict]:
    """Return a row for a case and for each kind of alteration."""
    scan = conform(case.t2w, is_t2w=True)
    register_template(scan, seed)  # the first call loads ANTs
    seconds, affine = _measure_time(lambda: register_template(scan, seed))
    images = scan.image, nb.load(TEMPLATE)
    once, _ = _measure_time(lambda: register_once(*(coarse_image(i, GRID) for i in images)))
    untouched = Head(scan.image, affine.transform.matrix, find_roi_of(scan, affine, seed))
    first = {
        'case': case.name,
        'simulated': case.simulated,
        'kind': 'untouched',
        'volume': round(volume_ratio(affine.transform), 2),
        'time_ratio': round(seconds / once, 2),
    }
    return [first, *(_measure_altered(case, untouched, kind, seed) for kind in KINDS)]


def _measure_altered(case: Case, untouched: Head, kind: str, seed: int) -> dict:
    head = alter(untouched, kind)
    scan = Conformed(case.t2w.name, head.t2w, conform(case.t2w).storage)
    row = {'case': case.name, 'simulated': case.simulated, 'kind': kind}
    try:
        affine = register_template(scan, seed)
        roi = find_roi_of(scan, affine, seed)
    except PVSError as error:
        return row | {'dice': 0.0, 'error': str(error)}
    return row | {
        'volume': round(volume_ratio(affine.transform), 2),
        'dice': dice(roi, head.roi, ROI),
    }


def find_roi_of(scan: Conformed, affine: TemplateAffine, seed: int) -> np.ndarray:
    """Return the ROI's labels on the grid of a T2w."""
    roi = find_roi(find_nuclei(correct(scan, seed), affine, seed)).roi
    return np.asarray(roi.dataobj).astype(np.int16)


def _measure_time(call: Callable) -> tuple[float, object]:
    """Return the processor time of a call, seconds, and its result."""
    begin = time.process_time()
    result = call()
    return time.process_time() - begin, result


def _summarise_overlap(rows: Sequence[dict]) -> dict:
    return {
        'n': len(rows),
        'registered': sum('error' not in row for row in rows),
        'dice': spread([row['dice'] for row in rows], min),
    }
