"""Simulated cohorts, each participant on its own stream of random numbers."""

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np

from pvs_workflow.simulation.acquisition import draw_protocol
from pvs_workflow.simulation.dataset import start_dataset, write_session
from pvs_workflow.simulation.person import draw_person
from pvs_workflow.simulation.session import (
    CONTRASTS,
    Session,
    draw_t2w_grid,
    scan_session,
)
from pvs_workflow.simulation.template import load_template

ACQUISITIONS = ('paper', 'varied')


def simulate_participant(
    seed: int, number: int, acquisition: str, contrasts: tuple[str, ...]
) -> Session:
    """Simulate one participant's only session.

    Parameters
    ----------
    seed : int
    number : int
        From 1. Participant ``number`` of ``seed`` is the same in every cohort.
    acquisition : {'paper', 'varied'}
    contrasts : tuple of {'T2w', 'T1w', 'FLAIR'}
        The T2w does not depend on the others.

    Returns
    -------
    Session

    """
    template = load_template()
    rng = np.random.default_rng([seed, number])
    t2w = draw_t2w_grid(rng, acquisition)
    person = draw_person(rng, template, t2w, acquisition)
    others = {
        contrast: draw_protocol(rng, acquisition, contrast)
        for contrast in CONTRASTS
        if contrast != 'T2w'
    }
    asked = {contrast: others[contrast] for contrast in others if contrast in contrasts}
    return scan_session(rng, template, person, t2w, asked)


def simulate_cohort(
    out: Path,
    participants: int,
    seed: int,
    acquisition: str = 'paper',
    contrasts: tuple[str, ...] = CONTRASTS,
    n_jobs: int = 1,
    progress: Callable[[int], None] | None = None,
) -> Path:
    """Write a BIDS dataset of simulated people, with the truth in ``derivatives/truth``.

    Parameters
    ----------
    out : Path
        The dataset's folder; it is made.
    participants : int
    seed : int
        Same seed, same participants; the first ones are the same however many are asked for.
    acquisition : {'paper', 'varied'}
        The paper's T2w with its distribution of grades, or any clinical T2w with all counts
        equally likely, to train on.
    contrasts : tuple of {'T2w', 'T1w', 'FLAIR'}
        T2w is always written.
    n_jobs : int
        Processes; the result does not depend on it.
    progress : callable, optional
        Called with the number of participants done, after each.

    Returns
    -------
    Path
        ``out``.

    Raises
    ------
    ValueError
        If an argument is not one of those above.
    OutputError
        If the dataset cannot be written.

    """
    if acquisition not in ACQUISITIONS:
        raise ValueError(f'acquisition must be one of {ACQUISITIONS}, received {acquisition!r}')
    if not set(contrasts) <= set(CONTRASTS):
        raise ValueError(f'contrasts must be among {CONTRASTS}, received {contrasts!r}')
    if participants < 1 or n_jobs < 1 or seed < 0:
        raise ValueError(
            'participants and n_jobs must be at least 1 and seed at least 0, received '
            f'{participants}, {n_jobs} and {seed}'
        )
    out = Path(out)
    labels = [f'{number:04d}' for number in range(1, participants + 1)]
    start_dataset(out, labels, seed, acquisition)
    one = partial(
        _simulate_and_write, out, seed=seed, acquisition=acquisition, contrasts=tuple(contrasts)
    )
    for done, _ in enumerate(_mapped(one, participants, n_jobs), start=1):
        if progress is not None:
            progress(done)
    return out


def _simulate_and_write(out, number, seed, acquisition, contrasts) -> int:
    session = simulate_participant(seed, number, acquisition, contrasts)
    write_session(out, f'{number:04d}', None, session)
    return number


def _mapped(function, participants: int, n_jobs: int) -> Iterator[int]:
    numbers = range(1, participants + 1)
    if n_jobs == 1:
        yield from map(function, numbers)
        return
    context = multiprocessing.get_context('spawn')
    with ProcessPoolExecutor(n_jobs, mp_context=context) as pool:
        yield from pool.map(function, numbers)
