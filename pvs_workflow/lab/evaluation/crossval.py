"""The paper's experiment: one counter per enhancement, all tested on people they never saw."""

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from pvs_workflow.errors import PVSError
from pvs_workflow.lab.evaluation.fold import CrossvalConfig, Fold, run_fold
from pvs_workflow.lab.evaluation.folds import make_folds, person_grades
from pvs_workflow.lab.evaluation.results import (
    FoldResult,
    claim_folder,
    data_digest,
    load_part,
    part_path,
)
from pvs_workflow.lab.evaluation.variations import METHODS
from pvs_workflow.lab.training.samples import Sample

_POLL_SECONDS = 2.0


@dataclass(frozen=True)
class Crossval:
    """What :func:`cross_validate` gives.

    Attributes
    ----------
    folds : tuple of tuple of str
        Participants held out, fold by fold.
    parts : dict of tuple of FoldResult
        For each enhancement, the folds in turn.

    """

    folds: tuple[tuple[str, ...], ...]
    parts: dict[str, tuple[FoldResult, ...]]


def cross_validate(
    samples: Sequence[Sample],
    config: CrossvalConfig,
    folder: Path,
    seed: int,
    methods: Sequence[str] = METHODS,
    n_folds: int = 4,
    n_cpus: int = 1,
    on_part: Callable[[int, int], None] = lambda done, total: None,
) -> Crossval:
    """Train and test one counter per fold and enhancement.

    Every part is kept as soon as it is done: the same call goes on where an earlier one was
    interrupted, and ends in the same numbers.

    Parameters
    ----------
    samples : sequence of Sample
        The six images of each participant.
    config : CrossvalConfig
    folder : Path
        Where parts are kept.
    seed : int
        The same seed gives the same numbers, whatever ``n_cpus``.
    methods : sequence of str
        Among ``METHODS``.
    n_folds : int
    n_cpus : int
        Processes, of one thread each; more than there are folds are of no use.
    on_part : callable
        Called with the number of parts done, and of all, whenever it rises.

    Returns
    -------
    Crossval

    Raises
    ------
    PVSError
        If there are too few participants, the folder has parts of another cross-validation, or
        a process was ended from outside.

    """
    methods = tuple(name for name in METHODS if name in set(methods))
    people = make_folds(person_grades(samples), n_folds, np.random.default_rng(seed))
    folder = Path(folder)
    claim_folder(
        folder,
        {'seed': seed, 'folds': people, 'data': data_digest(samples), 'config': asdict(config)},
    )
    folds = []
    for number, held_out in enumerate(people, start=1):
        parts = ([], [])
        for sample in samples:
            parts[sample.participant in held_out].append(sample)
        folds.append(Fold(number, *map(tuple, parts), config, seed, folder))
    run = _run_here if n_cpus == 1 else _run_in_processes
    run(folds, methods, on_part, n_cpus)
    return Crossval(
        people,
        {
            method: tuple(load_part(part_path(folder, f.number, method)) for f in folds)
            for method in methods
        },
    )


def _run_here(folds: Sequence[Fold], methods: Sequence[str], on_part, n_cpus: int) -> None:
    for fold in folds:
        # A copy, whose images go when its fold is done.
        for _ in run_fold(replace(fold), methods):
            on_part(*_progress(folds, methods))


def _run_in_processes(folds: Sequence[Fold], methods: Sequence[str], on_part, n_cpus: int) -> None:
    # Spawned, never forked: TensorFlow does not survive a fork. A process ends with its fold, so
    # that no memory is carried along.
    context = multiprocessing.get_context('spawn')
    workers = min(n_cpus, len(folds))
    with ProcessPoolExecutor(workers, mp_context=context, max_tasks_per_child=1) as pool:
        waiting = {pool.submit(_finish_fold, fold, methods) for fold in folds}
        before = _progress(folds, methods)
        try:
            while waiting:
                done, waiting = wait(waiting, _POLL_SECONDS, FIRST_EXCEPTION)
                for future in done:
                    future.result()
                now = _progress(folds, methods)
                if now != before:
                    on_part(*now)
                before = now
        except BrokenProcessPool as error:
            raise PVSError(
                'a process of the cross-validation was ended from outside, expected it to finish '
                '(is there 2 GB of memory for each?), received no result; the same command goes '
                'on with what is done'
            ) from error
        finally:
            for future in waiting:
                future.cancel()


def _finish_fold(fold: Fold, methods: Sequence[str]) -> None:
    for _ in run_fold(fold, methods):
        pass


def _progress(folds: Sequence[Fold], methods: Sequence[str]) -> tuple[int, int]:
    paths = [part_path(fold.folder, fold.number, name) for fold in folds for name in methods]
    return sum(path.is_file() for path in paths), len(paths)
