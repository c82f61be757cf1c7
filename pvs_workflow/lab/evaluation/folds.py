"""Who is held out when: folds by participant."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from pvs_workflow.errors import PVSError
from pvs_workflow.lab.training.samples import Sample
from pvs_workflow.science.grading import person_grade

MIN_TRAINING = 2
"""Participants that a fold must leave: one to train on, one to choose the best epoch by."""


def person_grades(samples: Sequence[Sample]) -> dict[str, int]:
    """Return every participant's true Potter grade, in the order of their names."""
    counts = defaultdict(list)
    for sample in samples:
        counts[sample.participant].append(sample.count)
    return {person: person_grade(counts[person]) for person in sorted(counts)}


def make_folds(
    grades: dict[str, int], n_folds: int, rng: np.random.Generator
) -> tuple[tuple[str, ...], ...]:
    """Deal participants out to folds, each grade evenly.

    Parameters
    ----------
    grades : dict of int
        Participants' Potter grades.
    n_folds : int
        At least 2.
    rng : numpy.random.Generator

    Returns
    -------
    tuple of tuple of str
        Everybody once; sizes, and participants of one grade, differ by at most one between folds.

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
