"""Part ``rigid``: errors of rigid alignments against known movements, in the basal ganglia.

The reference of real scans is stock's full-resolution ``Rigid`` of the undisturbed scans, composed
with the known movement, so the errors include stock's own. They are measured at the voxels of the
nuclei, from the segmentation or, without one, from our ROI.
"""

import argparse
import tempfile
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

import nibabel as nb
import numpy as np

from benchmarks.alignments import run_in_subprocess
from benchmarks.cases import Case, read_motion, real_sessions, save_canonical, simulated_people
from benchmarks.motion import (
    centre_of,
    disturb,
    lost_origin,
    points_of,
    random_motion,
    target_errors,
)
from benchmarks.scores import NUCLEI, spread
from pvs_workflow.errors import PVSError
from pvs_workflow.method.conform import conform
from pvs_workflow.method.correct import correct
from pvs_workflow.method.locate import locate
from pvs_workflow.registration.rigid import register_rigid
from pvs_workflow.science.roi import roi_labels

LOST_SHARE = 8
"""One draw in this many has a nonsensical origin instead of a movement."""


@dataclass(frozen=True)
class Head:
    """One prepared session: its scans, the points at which errors are measured, and transforms.

    ``points`` are (n, 3) RAS millimetres of the T2w, ``references`` (4, 4) matrices from T2w to
    moving points estimated by stock, by contrast.
    """

    name: str
    fixed: Path
    moving: dict[str, Path]
    points: np.ndarray
    references: dict[str, np.ndarray]


def rigid(args: argparse.Namespace, pool: Executor, print_progress) -> dict:
    """Measure the errors on moved real sessions and on simulated people with known movements."""
    with tempfile.TemporaryDirectory() as folder:
        heads = []
        for case in real_sessions(args.real, args.silver, args.sessions):
            print_progress(f'stock reference of {case.name}')
            heads.append(prepare(case, Path(folder) / case.name, args.seed))
        print_progress(f'{args.draws} draws')
        jobs = plan_draws([(head, name) for head in heads for name in head.moving], args.draws)
        seeds = np.random.SeedSequence(args.seed).spawn(len(jobs))
        futures = [
            pool.submit(moved_error, *job, seed, args.seed)
            for job, seed in zip(jobs, seeds, strict=True)
        ]
        draws = [future.result() for future in futures]
    print_progress('simulated people')
    people = simulated_people(args.simulated, args.people)
    futures = [pool.submit(simulated_errors, case, args.seed) for case in people]
    simulated = [row for future in futures for row in future.result()]
    for case in people[: args.stock]:
        print_progress(f'stock on {case.name}')
        simulated += stock_errors(case, args.seed)
    return {
        'real': summarise(draws, 'kind'),
        'simulated': summarise(simulated, 'method'),
        'draws': draws,
        'people': simulated,
    }


def prepare(case: Case, folder: Path, seed: int) -> Head:
    """Write a session's scans, run stock on them, and find the points."""
    files = save_canonical(case, folder / 'scans')
    t2w = nb.load(files['t2w'])
    references = run_in_subprocess('rigid', files, folder / 'stock', seed).matrices
    labels = case.structures()
    if labels is None:
        scan = conform(files['t2w'])
        location = locate(scan, correct(scan, seed), seed)
        labels = np.asarray(location.basal_ganglia.structures.dataobj)
    moving = {name: files[name.lower()] for name in case.contrasts}
    points = points_of(np.isin(labels, NUCLEI['together']), t2w.affine)
    return Head(case.name, files['t2w'], moving, points, references)


def plan_draws(pairs: Sequence[tuple[Head, str]], draws: int) -> list[tuple[Head, str, str]]:
    """Distribute draws evenly: each pair undisturbed, then moved, every eighth a lost origin."""
    kinds = ['lost origin' if i % LOST_SHARE == LOST_SHARE - 1 else 'moved' for i in range(draws)]
    return [(*pair, 'undisturbed') for pair in pairs] + [
        (*pairs[i % len(pairs)], kind) for i, kind in enumerate(kinds)
    ]


def moved_error(
    head: Head, contrast: str, kind: str, draw: np.random.SeedSequence, seed: int
) -> dict:
    """Move a scan by its header, align it, and return the error."""
    rng = np.random.default_rng(draw)
    moving = nb.load(head.moving[contrast])
    motion = {
        'undisturbed': lambda: np.eye(4),
        'moved': lambda: random_motion(rng, centre_of(moving)),
        'lost origin': lambda: lost_origin(rng),
    }[kind]()
    row = {'session': head.name, 'contrast': contrast, 'kind': kind}
    truth = motion @ head.references[contrast]
    return row | _error(nb.load(head.fixed), disturb(moving, motion), truth, head.points, seed)


def simulated_errors(case: Case, seed: int) -> list[dict]:
    """Align a simulated person's contrasts and return the errors against the truth."""
    with tempfile.TemporaryDirectory() as folder:
        files = save_canonical(case, Path(folder))
        t2w = nb.load(files['t2w'])
        points = _true_points(case, t2w.affine)
        return [
            {'person': case.name, 'contrast': name, 'method': 'ours'}
            | _error(t2w, nb.load(files[name.lower()]), read_motion(path), points, seed)
            for name, path in case.motions.items()
        ]


def stock_errors(case: Case, seed: int) -> list[dict]:
    """Align a simulated person's contrasts with stock ANTs and return the errors.

    These errors bound that of the reference of real scans, which is made with stock.
    """
    with tempfile.TemporaryDirectory() as folder:
        files = save_canonical(case, Path(folder) / 'scans')
        matrices = run_in_subprocess('rigid', files, Path(folder) / 'stock', seed).matrices
        points = _true_points(case, nb.load(files['t2w']).affine)
    return [
        {'person': case.name, 'contrast': name, 'method': 'stock'}
        | _round_errors(target_errors(matrices[name], read_motion(path), points))
        for name, path in case.motions.items()
    ]


def summarise(rows: Sequence[dict], key: str) -> dict:
    """Return the spread of mean errors by kind or method, overall and for each contrast."""
    out = {}
    for value in dict.fromkeys(row[key] for row in rows):
        chosen = [row for row in rows if row[key] == value]
        groups = {'all': chosen}
        for row in chosen:
            groups.setdefault(row['contrast'], []).append(row)
        out[value] = {
            name: spread([row['mean_tre_mm'] for row in group])
            | {'errors': sum('error' in row for row in group)}
            for name, group in groups.items()
        }
    return out


def _true_points(case: Case, affine: np.ndarray) -> np.ndarray:
    return points_of(roi_labels(case.structures()) > 0, affine)


def _error(fixed, moving, truth: np.ndarray, points: np.ndarray, seed: int) -> dict:
    try:
        transform, _ = register_rigid(fixed, moving, seed)
    except (PVSError, RuntimeError) as error:  # ITK raises the latter
        return {'mean_tre_mm': None, 'max_tre_mm': None, 'error': str(error)}
    return _round_errors(target_errors(transform.matrix, truth, points))


def _round_errors(errors: np.ndarray) -> dict:
    return {
        'mean_tre_mm': round(float(errors.mean()), 3),
        'max_tre_mm': round(float(errors.max()), 3),
    }
