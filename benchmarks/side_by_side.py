"""The steps up to the basal ganglia in parallel processes, scheduled as in the app."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from pvs_workflow.method.align import align, compare
from pvs_workflow.method.conform import conform
from pvs_workflow.method.correct import correct
from pvs_workflow.method.locate import find_nuclei, find_roi, register_template, warp_template
from pvs_workflow.registration.transforms import LinearTransform


def find_side_by_side(
    t2w: Path, contrasts: Mapping[str, Path], seed: int, nprocs: int = 2
) -> tuple[np.ndarray, dict[str, LinearTransform], dict[str, float]]:
    """Find the basal ganglia and align all contrasts with the T2w.

    N4 runs in parallel with the affine, then the nuclei with the rigid registrations, each on one
    thread.

    Parameters
    ----------
    t2w : Path
    contrasts : mapping of Path
        ``T1w`` and ``FLAIR``, as far as available.
    seed, nprocs : int

    Returns
    -------
    structures : (x, y, z) array of int
        Including the capsule.
    transforms : dict of LinearTransform
        By contrast.
    seconds : dict
        Wall time of each step.

    """
    scan, others = conform(t2w), {name: conform(path) for name, path in contrasts.items()}
    names = list(others)
    with ProcessPoolExecutor(nprocs, mp_context=get_context('spawn')) as pool:
        bias = pool.submit(time_step, correct, scan, seed)
        affine_job = pool.submit(time_step, register_template, scan, seed)
        # As in the app, the nuclei run before the last contrast: most other steps need them.
        rigid = {
            name: pool.submit(time_step, align, scan, others[name], seed) for name in names[:1]
        }
        seconds = {}
        corrected, seconds['bias'] = bias.result()
        affine, seconds['affine'] = affine_job.result()
        nuclei_job = pool.submit(time_step, find_nuclei, corrected, affine, seed)
        rigid |= {
            name: pool.submit(time_step, align, scan, others[name], seed) for name in names[1:]
        }
        nuclei, seconds['nuclei'] = nuclei_job.result()
        warp = pool.submit(time_step, warp_template, corrected, affine, nuclei, seed)
        transforms = {}
        for name, job in rigid.items():
            aligned, seconds[name] = job.result()
            transforms[name] = aligned.transform
            job = pool.submit(time_step, compare, others[name], aligned, affine, nuclei, seed)
            _, seconds[f'compare {name}'] = job.result()
        _, seconds['bend'] = warp.result()
    return np.asarray(find_roi(nuclei).structures.dataobj), transforms, seconds


def time_step(step: Callable, *arguments):
    """Return the result of a step and its duration, s."""
    begin = time.monotonic()
    result = step(*arguments)
    return result, time.monotonic() - begin
