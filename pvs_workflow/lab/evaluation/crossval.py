"""The paper's experiment: one counter per enhancement, all tested on people they never saw."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from itertools import product
from pathlib import Path

import numpy as np

from pvs_workflow.errors import PVSError
from pvs_workflow.lab.evaluation.fold import CrossvalConfig, Fold, run_method
from pvs_workflow.lab.evaluation.results import (
    FoldResult,
    claim_folder,
    data_digest,
    load_part,
    part_path,
    save_part,
)
from pvs_workflow.lab.evaluation.variations import METHODS
from pvs_workflow.lab.parallel import parallel_map
from pvs_workflow.lab.training.samples import Sample
from pvs_workflow.science.grading import person_grade

MIN_TRAINING = 2
"""Participants that a fold must leave: one to train on, one to choose the best epoch by."""


def cross_validate(
    samples: Sequence[Sample],
    config: CrossvalConfig,
    folder: Path,
    seed: int,
    *,
    methods: Sequence[str] = METHODS,
    n_folds: int = 4,
    n_cpus: int = 1,
    on_part: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[tuple[tuple[str, ...], ...], dict[str, tuple[FoldResult, ...]]]:
    """Train and test one counter per fold and enhancement.

    Every part is kept as soon as it is done: the same call resumes where an earlier one was
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
        Processes, of one thread each.
    on_part : callable
        Called with the number of parts done, and of all, after each part.

    Returns
    -------
    folds : tuple of tuple of str
        Participants held out, fold by fold.
    parts : dict of tuple of FoldResult
        For each enhancement, the folds in turn.

    Raises
    ------
    PVSError
        If there are too few participants, the folder has parts of another cross-validation, or
        a process is killed.

    """
    methods = tuple(name for name in METHODS if name in set(methods))
    people = make_folds(person_grades(samples), n_folds, np.random.default_rng(seed))
    settings = {'seed': seed, 'folds': people, 'data': data_digest(samples)}
    claim_folder(folder, settings | {'config': asdict(config)})
    folds = []
    for number, held_out in enumerate(people, start=1):
        parts = ([], [])
        for sample in samples:
            parts[sample.participant in held_out].append(sample)
        folds.append(Fold(number, *map(tuple, parts), config, seed, folder))
    wanted = list(product(folds, methods))
    missing = [job for job in wanted if not _path(job).is_file()]
    finished = parallel_map(_run_part, missing, n_cpus, label=lambda job: _path(job).stem)
    for done, _ in enumerate(finished, start=1 + len(wanted) - len(missing)):
        on_part(done, len(wanted))
    return people, {
        method: tuple(load_part(_path((fold, method))) for fold in folds) for method in methods
    }


def person_grades(samples: Sequence[Sample]) -> dict[str, int]:
    """Return every participant's true Potter grade, in the order of their names."""
    counts = defaultdict(list)
    for sample in samples:
        counts[sample.participant].append(sample.count)
    return {person: person_grade(counts[person]) for person in sorted(counts)}


def make_folds(
    grades: dict[str, int], n_folds: int, rng: np.random.Generator
) -> tuple[tuple[str, ...], ...]:
    """Share participants with these Potter grades out to two or more folds, each grade evenly.

    Everybody is in one fold; sizes, and participants of one grade, differ by at most one between
    folds.

    Raises
    ------
    PVSError
        If there are too few participants.

    Examples
    --------
    >>> folds = make_folds({'a': 1, 'b': 1, 'c': 4, 'd': 4}, 2, np.random.default_rng(0))
    >>> [len({'a', 'b'} & set(fold)) for fold in folds]
    [1, 1]

    """
    people = list(grades)
    largest = -(-len(people) // n_folds)
    if n_folds < 2 or len(people) < n_folds or len(people) - largest < MIN_TRAINING:
        raise PVSError(
            'the participants cannot be dealt out, expected 2 or more folds of at least one each '
            f'and {MIN_TRAINING} participants outside every fold, received {len(people)} '
            f'participants for {n_folds} folds'
        )
    people = [people[i] for i in rng.permutation(len(people))]
    people.sort(key=lambda person: grades[person])
    order = rng.permutation(n_folds)
    folds = [[] for _ in range(n_folds)]
    for index, person in enumerate(people):
        folds[order[index % n_folds]].append(person)
    return tuple(tuple(sorted(fold)) for fold in folds)


def _path(job: tuple[Fold, str]) -> Path:
    return part_path(job[0].folder, job[0].number, job[1])


def _run_part(job: tuple[Fold, str]) -> None:
    # A copy, so that its variations are freed when the part is done.
    save_part(_path(job), run_method(replace(job[0]), job[1]))
