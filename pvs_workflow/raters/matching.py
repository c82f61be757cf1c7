"""Match ratings with the model's results for the same images and T2w."""

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import PurePosixPath

import numpy as np

from pvs_workflow.derivatives.results import Result
from pvs_workflow.errors import PVSError
from pvs_workflow.raters.ratings import Rating, Target
from pvs_workflow.science.slices import HEMISPHERES, N_SLICES

IMAGE, PERSON = 'image', 'person'
"""Levels of comparison: an image, or a whole T2w."""

_MAX_LISTED = 5


@dataclass(frozen=True, order=True)
class Item:
    """An image or a whole T2w.

    Attributes
    ----------
    participant, session, t2w : str
        Values of the grade table; the session is empty if there is none.
    hemisphere : {'L', 'R', ''}
        Empty for a whole T2w.
    rank : int
        Rank of the slice, 1 to 3; 0 for a whole T2w.

    """

    participant: str
    session: str
    t2w: str
    hemisphere: str = ''
    rank: int = 0

    @property
    def level(self) -> str:
        """Level of comparison, ``image`` or ``person``."""
        return IMAGE if self.hemisphere else PERSON

    @property
    def whole(self) -> 'Item':
        """The whole T2w."""
        return replace(self, hemisphere='', rank=0)

    @property
    def images(self) -> tuple['Item', ...]:
        """The six images of the T2w."""
        positions = product(HEMISPHERES, range(1, N_SLICES + 1))
        return tuple(replace(self, hemisphere=side, rank=rank) for side, rank in positions)


@dataclass(frozen=True)
class Score:
    """A count and a grade; NaN if missing."""

    count: float
    potter: float


@dataclass(frozen=True)
class Results:
    """The model's counts and grades.

    Attributes
    ----------
    scores : mapping of Item to Score
        Scores of images and whole T2w.
    failed : frozenset of Item
        Items that failed quality control.
    slices : mapping of Item to int
        Slice index of each image in the T2w file, from 0.
    selected : frozenset of Item
        The whole T2w that stands for its participant in its session.

    """

    scores: Mapping[Item, Score]
    failed: frozenset[Item]
    slices: Mapping[Item, int]
    selected: frozenset[Item] = frozenset()


@dataclass(frozen=True)
class MatchedRatings:
    """Ratings matched with the model's results.

    Attributes
    ----------
    raters : mapping of str to mapping of Item to Score
        Scores of each rater, by name in alphabetical order.
    results : Results
    n_missing : int
        Number of rows without a rating (n/a).
    n_unknown : int
        Number of ratings without a result.
    n_other : int
        Number of ratings of images that are not among the six.
    n_incomplete : int
        Number of T2w for which a rater rated some images, but neither all six nor the whole.
    problems : tuple of str
        A sentence about the ratings without a result, if there are any.

    """

    raters: Mapping[str, Mapping[Item, Score]]
    results: Results
    n_missing: int
    n_unknown: int
    n_other: int
    n_incomplete: int
    problems: tuple[str, ...]


def model_results(results: Iterable[Result], selected: Iterable[Result] = ()) -> Results:
    """Collect the model's counts and grades of all T2w.

    An image is failed if its own ``qc`` or that of the T2w is ``fail``. The ``selected`` results
    stand for their participants in their sessions.
    """
    scores, failed, slices, people = {}, set(), {}, set()
    stems = {result.stem for result in selected}
    for result in results:
        grade = result.grade
        whole = Item(grade['participant_id'], grade['session_id'] or '', grade['t2w'] or '')
        scores[whole] = Score(_number(grade['count_max']), _number(grade['potter']))
        if result.stem in stems:
            people.add(whole)
        if grade['qc'] == 'fail':
            failed.update((whole, *whole.images))
        for row in result.counts:
            image = replace(whole, hemisphere=row['hemisphere'], rank=row['slice_rank'])
            scores[image] = Score(float(row['count']), _number(row['potter']))
            slices[image] = row['slice']
            if row['qc'] == 'fail':
                failed.add(image)
    return Results(scores, frozenset(failed), slices, frozenset(people))


def match_ratings(ratings: Sequence[Rating], results: Results) -> MatchedRatings:
    """Match each rating with the result for the same image or T2w.

    A rating without session or T2w matches the participant's only one. If a session has several
    T2w, a rating of the whole T2w matches the selected one. A rater's score of a whole
    T2w is the highest of the six images (Chae et al. 2024, section 2.6), unless the rater scored
    the whole T2w.

    Parameters
    ----------
    ratings : sequence of Rating
    results : Results

    Returns
    -------
    MatchedRatings

    Raises
    ------
    PVSError
        If a rating could belong to several T2w, or a rater rated the same image or T2w twice.

    """
    wholes: dict[str, list[Item]] = defaultdict(list)
    for item in sorted(results.scores):
        if item.level == PERSON:
            wholes[item.participant.removeprefix('sub-')].append(item)
    rated = [rating for rating in ratings if not rating.is_missing]
    raters: dict[str, dict[Item, Score]] = {name: {} for name in sorted({r.rater for r in rated})}
    lines: dict[tuple[str, Item], str] = {}
    unknown, n_other = [], 0
    for rating in rated:
        candidates = wholes.get(rating.target.participant, [])
        whole = _find_whole(rating, candidates, results.selected)
        if whole is None:
            unknown.append(rating)
            continue
        item = _find_item(rating.target, whole, results.slices)
        if item is None:
            n_other += 1
            continue
        first_line = lines.setdefault((rating.rater, item), rating.line)
        if first_line is not rating.line:
            raise PVSError(
                f'{rating.line}, repeats the rating by {rating.rater!r} in {first_line}; '
                'keep one of them'
            )
        raters[rating.rater][item] = Score(rating.count, rating.potter)
    n_incomplete = sum(_add_wholes(scores) for scores in raters.values())
    problems = (_unknown_sentence(unknown),) if unknown else ()
    n_missing = len(ratings) - len(rated)
    return MatchedRatings(
        raters, results, n_missing, len(unknown), n_other, n_incomplete, problems
    )


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _find_whole(rating: Rating, wholes: Sequence[Item], selected: Collection[Item]) -> Item | None:
    """Return the T2w that a rating belongs to, among those of its participant, or None."""
    target = rating.target
    session = target.session or ''
    of_session = [w for w in wholes if w.session.removeprefix('ses-') == session]
    # A rating without session belongs to the T2w without session, else to the only T2w.
    candidates = of_session if of_session or session else wholes
    if target.t2w is not None:
        candidates = [whole for whole in candidates if target.t2w in _names(whole.t2w)]
    if len(candidates) > 1 and not target.hemisphere:
        candidates = [whole for whole in candidates if whole in selected] or candidates
    if len(candidates) > 1:
        column = 't2w' if len({whole.session for whole in candidates}) == 1 else 'session_id'
        raise PVSError(
            f'{rating.line}, could belong to {len(candidates)} T2w of participant '
            f'{target.participant}; add a {column}'
        )
    return candidates[0] if candidates else None


def _find_item(target: Target, whole: Item, slices: Mapping[Item, int]) -> Item | None:
    """Return the rated item of a T2w, or None if the image is not among the six."""
    if not target.hemisphere:
        return whole
    for image in whole.images:
        if (
            image.hemisphere == target.hemisphere
            and target.slice in (None, slices.get(image))
            and target.rank in (None, image.rank)
        ):
            return image
    return None


def _add_wholes(scores: dict[Item, Score]) -> int:
    """Add the missing scores of whole T2w; return how many T2w lack some of the six images."""
    n_incomplete = 0
    for whole in sorted({item.whole for item in scores} - set(scores)):
        images = [scores.get(image, Score(math.nan, math.nan)) for image in whole.images]
        # np.max is NaN if one of the six is NaN.
        highest = Score(*np.max([(one.count, one.potter) for one in images], axis=0).tolist())
        if math.isnan(highest.potter):
            n_incomplete += 1
        else:
            scores[whole] = highest
    return n_incomplete


def _unknown_sentence(unknown: Sequence[Rating]) -> str:
    names = list(dict.fromkeys(_name(rating.target) for rating in unknown))
    more = f' and {len(names) - _MAX_LISTED} more' if len(names) > _MAX_LISTED else ''
    source = unknown[0].line.rpartition(', line ')[0]
    return (
        f'{source} has ratings of T2w without a usable result, left out ({len(unknown)}): '
        f'{", ".join(names[:_MAX_LISTED])}{more}'
    )


def _name(target: Target) -> str:
    labels = [f'sub-{target.participant}', f'ses-{target.session}' if target.session else '']
    return ' '.join(filter(None, [*labels, target.t2w]))


def _names(t2w: str) -> set[str]:
    """Return the names by which a table of ratings may refer to a T2w.

    Examples
    --------
    >>> sorted(_names('sub-1/anat/sub-1_T2w.nii.gz'))
    ['sub-1/anat/sub-1_T2w.nii.gz', 'sub-1_T2w', 'sub-1_T2w.nii.gz']

    """
    name = PurePosixPath(t2w).name
    return {t2w, name, name.removesuffix('.gz').removesuffix('.nii')}
