"""The paper's cross-validation: one counter per enhancement, tested on held-out participants."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from itertools import product
from pathlib import Path

import numpy as np

from pvs_workflow.errors import PVSError
from pvs_workflow.lab.evaluation.filters import METHODS
from pvs_workflow.lab.evaluation.fold import CrossvalConfig, Fold, run_method
from pvs_workflow.lab.evaluation.results import (
    FoldResult,
    claim_folder,
    data_digest,
    load_part,
    part_path,
    save_part,
)
from pvs_workflow.lab.parallel import parallel_map
from pvs_workflow.lab.training.samples import Sample
from pvs_workflow.science.grading import person_grade

MIN_TRAINING = 2
"""Minimum number of participants outside a fold: one for training and one for validation."""


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

    Each part is saved when it is complete. After an interruption, the same call resumes and gives
    the same results.

    Parameters
    ----------
    samples : sequence of Sample
        The six images of each participant.
    config : CrossvalConfig
    folder : Path
        Folder of the parts.
    seed : int
        The same seed gives the same results, independent of ``n_cpus``.
    methods : sequence of str
        Enhancements to compare, from ``METHODS``.
    n_folds : int
    n_cpus : int
        Number of processes, each with one thread.
    on_part : callable
        Called after each part with the number of completed parts and of all parts.

    Returns
    -------
    folds : tuple of tuple of str
        Held-out participants of each fold.
    parts : dict of tuple of FoldResult
        Results of all folds, by enhancement.

    Raises
    ------
    PVSError
        If there are too few participants, the folder belongs to another cross-validation, or a
        process is killed.

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
    jobs = list(product(folds, methods))
    missing = [job for job in jobs if not _path(job).is_file()]
    finished = parallel_map(_run_part, missing, n_cpus, label=lambda job: _path(job).stem)
    for done, _ in enumerate(finished, start=1 + len(jobs) - len(missing)):
        on_part(done, len(jobs))
    return people, {
        method: tuple(load_part(_path((fold, method))) for fold in folds) for method in methods
    }


def person_grades(samples: Sequence[Sample]) -> dict[str, int]:
    """Return the true Potter grade of each participant, sorted by label."""
    counts = defaultdict(list)
    for sample in samples:
        counts[sample.participant].append(sample.count)
    return {person: person_grade(counts[person]) for person in sorted(counts)}


def make_folds(
    grades: dict[str, int], n_folds: int, rng: np.random.Generator
) -> tuple[tuple[str, ...], ...]:
    """Split participants into folds, stratified by Potter grade.

    Each participant is in exactly one fold. The sizes of the folds, and their numbers of
    participants with the same grade, differ by at most one.

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
            f'cannot split {len(people)} participants into {n_folds} folds; use 2 or more folds, '
            f'with {MIN_TRAINING} or more participants outside each'
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
    # Run a copy, so that its cached variations are freed afterwards.
    save_part(_path(job), run_method(replace(job[0]), job[1]))
