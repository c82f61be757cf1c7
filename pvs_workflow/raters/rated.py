"""Raters' and the model's numbers of the same images and T2w."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import PurePosixPath

import numpy as np

from pvs_workflow.derivatives.results import Result
from pvs_workflow.errors import PVSError
from pvs_workflow.raters.ratings import Place, Rating
from pvs_workflow.science.slices import HEMISPHERES, N_SLICES

IMAGE, PERSON = 'image', 'person'
"""Levels."""

_SHOWN = 5


@dataclass(frozen=True, order=True)
class Item:
    """What has been counted: an image, or a whole T2w (``hemisphere`` empty, ``rank`` 0).

    Attributes
    ----------
    participant, session, t2w : str
        As in the table of grades; an empty session is missing.
    hemisphere : {'L', 'R', ''}
    rank : int
        Of the slice, 1 to 3.

    """

    participant: str
    session: str
    t2w: str
    hemisphere: str = ''
    rank: int = 0

    @property
    def level(self) -> str:
        """``image`` or ``person``."""
        return IMAGE if self.hemisphere else PERSON

    @property
    def whole(self) -> 'Item':
        """The whole T2w."""
        return replace(self, hemisphere='', rank=0)

    @property
    def images(self) -> tuple['Item', ...]:
        """The six images of the T2w."""
        places = product(HEMISPHERES, range(1, N_SLICES + 1))
        return tuple(replace(self, hemisphere=side, rank=rank) for side, rank in places)


@dataclass(frozen=True)
class Score:
    """A count and a grade; NaN where one is missing."""

    count: float
    potter: float


@dataclass(frozen=True)
class Results:
    """The model's numbers.

    Attributes
    ----------
    scores : mapping of Item to Score
        Of images and of whole T2w.
    failed : frozenset of Item
        Those of them that failed quality control.
    slices : mapping of Item to int
        Each image's slice in the T2w file, from 0.

    """

    scores: Mapping[Item, Score]
    failed: frozenset[Item]
    slices: Mapping[Item, int]


@dataclass(frozen=True)
class Rated:
    """Ratings, matched with the model's results.

    Attributes
    ----------
    raters : mapping of str to mapping of Item to Score
        By name, in alphabetical order.
    results : Results
    n_missing : int
        Ratings that were not given (n/a).
    n_unknown : int
        Ratings that belong to no result.
    n_other : int
        Ratings of images that are not among the six.
    n_incomplete : int
        T2w of which a rater has rated some images, but neither all six nor the whole.
    problems : tuple of str
        The ratings that belong to no result, in one sentence.

    """

    raters: Mapping[str, Mapping[Item, Score]]
    results: Results
    n_missing: int
    n_unknown: int
    n_other: int
    n_incomplete: int
    problems: tuple[str, ...]


def model_results(results: Iterable[Result]) -> Results:
    """Collect the model's numbers of all T2w.

    An image failed if its own quality or that of the whole T2w is fail.
    """
    scores, failed, slices = {}, set(), {}
    for result in results:
        grade = result.grade
        whole = Item(grade['participant_id'], grade['session_id'] or '', grade['t2w'] or '')
        scores[whole] = Score(_number(grade['count_max']), _number(grade['potter']))
        if grade['qc'] == 'fail':
            failed.update((whole, *whole.images))
        for row in result.counts:
            image = replace(whole, hemisphere=row['hemisphere'], rank=row['slice_rank'])
            scores[image] = Score(float(row['count']), _number(row['potter']))
            slices[image] = row['slice']
            if row['qc'] == 'fail':
                failed.add(image)
    return Results(scores, frozenset(failed), slices)


def match_ratings(ratings: Sequence[Rating], results: Results) -> Rated:
    """Find the model's result that each rating belongs to.

    A rating without session or T2w belongs to the participant's only one. A rater's number of
    a whole T2w is the highest of the six images (Chae et al. 2024, section 2.6), unless the
    rater has given one for the whole.

    Raises
    ------
    PVSError
        If a rating could belong to several T2w, or a rater has rated the same twice.

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
        whole = _find_whole(rating, wholes.get(rating.place.participant, []))
        if whole is None:
            unknown.append(rating)
            continue
        item = _find_item(rating.place, whole, results.slices)
        if item is None:
            n_other += 1
            continue
        before = lines.setdefault((rating.rater, item), rating.line)
        if before is not rating.line:
            raise PVSError(
                f'{rating.line}, has a second rating by {rating.rater!r} of what {before} has, '
                'expected one of each image or T2w by each rater (column rater), received two'
            )
        raters[rating.rater][item] = Score(rating.count, rating.potter)
    n_incomplete = sum(_add_wholes(scores) for scores in raters.values())
    problems = (_unknown_sentence(unknown),) if unknown else ()
    n_missing = len(ratings) - len(rated)
    return Rated(raters, results, n_missing, len(unknown), n_other, n_incomplete, problems)


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _find_whole(rating: Rating, wholes: Sequence[Item]) -> Item | None:
    """Return the T2w of its participant that a rating belongs to; None where there is none."""
    place = rating.place
    session = place.session or ''
    of_session = [w for w in wholes if w.session.removeprefix('ses-') == session]
    # Without a session: the T2w without one, or else the only one.
    found = of_session if of_session or session else wholes
    if place.t2w is not None:
        found = [whole for whole in found if place.t2w in _names(whole.t2w)]
    if len(found) > 1:
        column = 't2w' if len({whole.session for whole in found}) == 1 else 'session_id'
        raise PVSError(
            f'{rating.line}, could belong to {len(found)} T2w of participant '
            f'{place.participant}, expected a {column} that tells which, received none'
        )
    return found[0] if found else None


def _find_item(place: Place, whole: Item, slices: Mapping[Item, int]) -> Item | None:
    """Return what of a T2w was rated; None if it is not among the six images."""
    if not place.hemisphere:
        return whole
    for image in whole.images:
        if (
            image.hemisphere == place.hemisphere
            and place.slice in (None, slices.get(image))
            and place.rank in (None, image.rank)
        ):
            return image
    return None


def _add_wholes(scores: dict[Item, Score]) -> int:
    """Add the highest of six images where the whole is not rated; return how many lack some."""
    n_incomplete = 0
    for whole in sorted({item.whole for item in scores} - set(scores)):
        images = [scores.get(image, Score(math.nan, math.nan)) for image in whole.images]
        # NumPy's max is NaN where one of the six is.
        highest = Score(*np.max([(one.count, one.potter) for one in images], axis=0).tolist())
        if math.isnan(highest.potter):
            n_incomplete += 1
        else:
            scores[whole] = highest
    return n_incomplete


def _unknown_sentence(unknown: Sequence[Rating]) -> str:
    names = list(dict.fromkeys(_name(rating.place) for rating in unknown))
    more = f' and {len(names) - _SHOWN} more' if len(names) > _SHOWN else ''
    source = unknown[0].line.rpartition(', line ')[0]
    return (
        f'{source} has ratings that are left out ({len(unknown)}), expected those of T2w with '
        f'usable results, received some of {", ".join(names[:_SHOWN])}{more}'
    )


def _name(place: Place) -> str:
    parts = [f'sub-{place.participant}', f'ses-{place.session}' if place.session else '']
    return ' '.join(filter(None, [*parts, place.t2w]))


def _names(t2w: str) -> set[str]:
    """Return the names that a rater may give a T2w.

    Examples
    --------
    >>> sorted(_names('sub-1/anat/sub-1_T2w.nii.gz'))
    ['sub-1/anat/sub-1_T2w.nii.gz', 'sub-1_T2w', 'sub-1_T2w.nii.gz']

    """
    name = PurePosixPath(t2w).name
    return {t2w, name, name.removesuffix('.gz').removesuffix('.nii')}
