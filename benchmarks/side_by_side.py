"""The app's anatomical half in processes side by side, as the app shares out its work."""

import time
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import nibabel as nb
import numpy as np

from benchmarks.anatomical import (
    Anatomy,
    Seen,
    align,
    bend,
    compare,
    correct,
    find_nuclei,
    lay_template,
    transform_files,
)
from pvs_workflow.interfaces.io import save_image


def find_side_by_side(
    t2w: Path, t1w: Path | None, flair: Path | None, folder: Path, seed: int, nprocs: int = 2
) -> Anatomy:
    """Find the basal ganglia and lay all contrasts on the T2w, as the app shares out its work.

    N4 beside the affine, then the nuclei beside the rigid registrations, each on one thread.

    Parameters
    ----------
    t2w, t1w, flair : Path
        Canonical volumes.
    folder : Path
        Gets the transforms.
    seed, nprocs : int

    """
    with ProcessPoolExecutor(nprocs, mp_context=get_context('spawn')) as pool:
        corrected = folder / 'corrected.nii.gz'
        contrasts = {'T1w': t1w, 'FLAIR': flair}
        bias = pool.submit(_correct, t2w, corrected, seed)
        laid = pool.submit(_lay_template, t2w, folder, seed)
        names = [name for name, path in contrasts.items() if path]

        def register(name: str) -> Future:
            return pool.submit(_align, t2w, contrasts[name], folder / f'{name}.txt', seed)

        # As in the app, what most has to wait for goes first: the nuclei before the last contrast.
        rigid = {name: register(name) for name in names[:1]}
        seconds = {'bias': bias.result(), 'affine': laid.result()}
        nuclei = pool.submit(_find_nuclei, corrected, folder, seed)
        rigid |= {name: register(name) for name in names[1:]}
        structures, seen, seconds['nuclei'] = nuclei.result()
        bent = pool.submit(_bend, corrected, folder, seen, seed)
        agreements, handedness = [], []
        for name, job in rigid.items():
            ratio, seconds[name] = job.result()
            handedness.append(ratio)
            job = pool.submit(_compare, contrasts[name], folder / f'{name}.txt', seen, seed)
            overlap, seconds[f'compare {name}'] = job.result()
            agreements.append(overlap)
        correlation, seconds['bend'] = bent.result()
    files = transform_files(bool(t1w), folder)
    corrected = nb.load(corrected)
    return Anatomy(corrected, structures, correlation, files, seconds, agreements, handedness)


def _correct(t2w: Path, out: Path, seed: int) -> float:
    begin = time.monotonic()
    corrected = correct(nb.load(t2w), seed)
    save_image(np.asarray(corrected.dataobj), corrected.affine, out)
    return time.monotonic() - begin


def _lay_template(t2w: Path, folder: Path, seed: int) -> float:
    begin = time.monotonic()
    lay_template(nb.load(t2w), folder, seed)
    return time.monotonic() - begin


def _align(fixed: Path, moving: Path, path: Path, seed: int) -> tuple[float, float]:
    begin = time.monotonic()
    return align(nb.load(fixed), nb.load(moving), path, seed), time.monotonic() - begin


def _find_nuclei(t2w: Path, folder: Path, seed: int) -> tuple[np.ndarray, Seen, float]:
    begin = time.monotonic()
    found = find_nuclei(nb.load(t2w), folder, seed)
    return *found, time.monotonic() - begin


def _bend(t2w: Path, folder: Path, seen: Seen, seed: int) -> tuple[float, float]:
    begin = time.monotonic()
    return bend(nb.load(t2w), folder, seen, seed), time.monotonic() - begin


def _compare(moving: Path, transform: Path, seen: Seen, seed: int) -> tuple[float, float]:
    begin = time.monotonic()
    found = compare(nb.load(moving), transform, seen, seed)
    return found, time.monotonic() - begin
