"""Part ``failures``: detection of staged failures, and false alarms on good scans."""

import argparse
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Executor
from pathlib import Path

import nibabel as nb
import numpy as np

from benchmarks.cases import Case, real_sessions, simulated_people
from benchmarks.scores import NUCLEI, dice, spread
from benchmarks.staging import GOOD, T1W_KINDS, T2W_KINDS, StagedScans, stage
from pvs_workflow import data
from pvs_workflow.errors import PVSError
from pvs_workflow.method.align import align, compare
from pvs_workflow.method.assess import Quality, assess_quality
from pvs_workflow.method.conform import Conformed, conform
from pvs_workflow.method.correct import correct
from pvs_workflow.method.count import count
from pvs_workflow.method.cut import cut
from pvs_workflow.method.locate import Location, locate
from pvs_workflow.networks.bundle import model_sha256
from pvs_workflow.science.checks import check_t2w_grid
from pvs_workflow.science.geometry import to_canonical
from pvs_workflow.science.quality import roi_volumes, volume_reasons
from pvs_workflow.science.roi import roi_labels

LEVELS = ('pass', 'review', 'fail', 'error', 'crash')


def failures(args: argparse.Namespace, pool: Executor, print_progress) -> dict:
    """Assess the good cases, and failures staged on the real and the first simulated ones."""
    real = real_sessions(args.real, args.silver, args.sessions)
    simulated = simulated_people(args.simulated, args.people)
    jobs = [(case, GOOD, None) for case in (*real, *simulated)]
    for cases, staged in ((real, real), (simulated, simulated[: args.staged])):
        for case in staged:
            other = other_t1w(case, cases)
            jobs += [(case, kind, other) for kind in kinds_for(case, other)]
    seeds = np.random.SeedSequence(args.seed).spawn(len(jobs))
    futures = [
        pool.submit(assess_case, *job, seed, args.seed)
        for job, seed in zip(jobs, seeds, strict=True)
    ]
    rows = []
    for future in futures:
        rows.append(future.result())
        print_progress(f'{rows[-1]["case"]}, {rows[-1]["kind"]}: {rows[-1]["level"]}')
    kinds = [*T1W_KINDS, *T2W_KINDS]
    good = [row for row in rows if row['kind'] == GOOD]
    return {
        'staged': {
            kind: summarise_failures([row for row in rows if row['kind'] == kind])
            for kind in kinds
        },
        GOOD: {
            name: summarise_good_cases([row for row in good if row['simulated'] == is_simulated])
            for name, is_simulated in (('real', False), ('simulated', True))
        },
        'cases': rows,
    }


def other_t1w(case: Case, cases: Sequence[Case]) -> Path | None:
    """Return the T1w of the next person in a list that has one."""
    index = list(cases).index(case)
    following = [*cases[index + 1 :], *cases[:index]]
    others = (c.t1w for c in following if c.participant != case.participant and c.t1w)
    return next(others, None)


def kinds_for(case: Case, other: Path | None) -> list[str]:
    """Return the failures that can be staged on a case."""
    with_t1w = T1W_KINDS if other else T1W_KINDS[1:]
    return [*(with_t1w if case.t1w else ()), *T2W_KINDS]


def assess_case(
    case: Case, kind: str, other: Path | None, draw: np.random.SeedSequence, seed: int
) -> dict:
    """Stage a failure, run the app's anatomical half on it, and return the quality level.

    If the app stops, the level is ``error`` with a message for the user, ``crash`` without.
    """
    good = StagedScans(_image(case.t2w), _image(case.t1w), case.structures())
    staged = stage(kind, good, _image(other), np.random.default_rng(draw))
    row = {'case': case.name, 'simulated': case.simulated, 'kind': kind}
    try:
        check_t2w_grid(staged.t2w.shape, staged.t2w.affine)
        scan = _conform_image(staged.t2w)
        corrected = correct(scan, seed)
        location = locate(scan, corrected, seed)
        structures = np.asarray(location.basal_ganglia.structures.dataobj)
        row |= {'correlation': round(location.warp.correlation, 3)}
        row |= nuclei_dice(structures, staged) | true_reasons(case, kind, staged.t2w.affine)
        quality = scan_quality(scan, corrected, staged.t1w, location, seed)
    except PVSError as error:
        return row | {'level': 'error', 'reasons': [f'{type(error).__name__}: {error}']}
    except Exception as error:
        # The app stops here, too, but without a message for the user.
        return row | {'level': 'crash', 'reasons': [f'{type(error).__name__}: {error}']}
    return row | {'level': quality.overall, 'reasons': list(quality.reasons)}


def scan_quality(
    scan: Conformed,
    corrected: Conformed,
    t1w: nb.Nifti1Image | None,
    location: Location,
    seed: int,
) -> Quality:
    """Run the app's steps from the basal ganglia to the flags."""
    fits = []
    if t1w is not None:
        moving = _conform_image(t1w)
        aligned = align(scan, moving, seed)
        fits.append(compare(moving, aligned, location.affine, location.nuclei, seed))
    model = data.path('cascade')
    six = cut(corrected, location.basal_ganglia, model)
    counted = count(six, model, model_sha256(model), seed)
    ganglia, warp, affine = location.basal_ganglia, location.warp, location.affine
    return assess_quality(six, ganglia, counted, warp, corrected, affine, tuple(fits))


def _image(path: Path | None) -> nb.Nifti1Image | None:
    return path and conform(path).image


def _conform_image(image: nb.Nifti1Image) -> Conformed:
    return Conformed('T2w', image, to_canonical(np.asarray(image.dataobj), image.affine)[2])


def nuclei_dice(structures: np.ndarray, staged: StagedScans) -> dict:
    """Return the overlap of all nuclei; empty without a truth."""
    if staged.truth is None:
        return {}
    return {'dice': dice(structures, staged.truth, NUCLEI['together'])}


def true_reasons(case: Case, kind: str, affine: np.ndarray) -> dict:
    """Return why the true volumes of a good simulated head are implausible."""
    if kind != GOOD or not case.simulated:
        return {}
    volumes = roi_volumes(roi_labels(case.structures()), affine)
    return {'true_reasons': volume_reasons(volumes)}


def summarise_failures(rows: Sequence[dict]) -> dict:
    """Count the detected failures, and summarise the overlap of the missed ones."""
    levels = Counter(row['level'] for row in rows)
    missed = [row.get('dice') for row in rows if row['level'] == 'pass']
    return {
        'n': len(rows),
        'caught': len(rows) - len(missed),
        **{level: levels[level] for level in LEVELS},
        'reasons': reasons(rows),
        'dice_of_missed': spread(missed, min),
    }


def summarise_good_cases(rows: Sequence[dict]) -> dict:
    """Return the share of good cases that do not pass, and the reasons.

    Some simulated heads are deformed too much to be plausible. ``rightly`` counts the flagged
    heads whose true volumes are implausible.
    """
    levels = Counter(row['level'] for row in rows)
    share = round(1 - levels['pass'] / len(rows), 3) if rows else None
    rightly = sum(row['level'] != 'pass' and bool(row.get('true_reasons')) for row in rows)
    return {'n': len(rows), 'share_flagged': share, 'rightly': rightly, 'reasons': reasons(rows)}


def reasons(rows: Sequence[dict]) -> dict[str, int]:
    """Count the reasons, the most common first."""
    return dict(Counter(reason for row in rows for reason in row['reasons']).most_common())
