"""Raters' and the model's numbers of the same things, side by side."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from pvs_workflow.errors import PVSError
from pvs_workflow.raters.items import PERSON, Item, Results, Score
from pvs_workflow.raters.ratings import Place, Rating

_SHOWN = 5


@dataclass(frozen=True)
class Rated:
    """Ratings beside the model's results.

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
        What belongs to no result, one sentence.

    """

    raters: Mapping[str, Mapping[Item, Score]]
    results: Results
    n_missing: int
    n_unknown: int
    n_other: int
    n_incomplete: int
    problems: tuple[str, ...]


def match_ratings(ratings: Sequence[Rating], results: Results) -> Rated:
    """Lay ratings beside the model's results.

    A rating without session or T2w belongs to the participant's only one. A rater's number of
    a whole T2w is the highest of the six images (Chae et al. 2024, section 2.6), unless the
    rater has given one for the whole.

    Parameters
    ----------
    ratings : sequence of Rating
    results : Results

    Returns
    -------
    Rated

    Raises
    ------
    PVSError
        If a rating could belong to several T2w, or a rater has rated the same twice.

    """
    finder = _Finder(results)
    said = [rating for rating in ratings if not rating.is_missing]
    raters: dict[str, dict[Item, Score]] = {rating.rater: {} for rating in said}
    lines: dict[tuple[str, Item], str] = {}
    unknown, n_other = [], 0
    for rating in said:
        whole = finder.whole(rating)
        if whole is None:
            unknown.append(rating)
            continue
        item = finder.image(whole, rating.place) if rating.place.hemisphere else whole
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
    return Rated(
        dict(sorted(raters.items())),
        results,
        len(ratings) - len(said),
        len(unknown),
        n_other,
        n_incomplete,
        (_unknown_sentence(unknown),) if unknown else (),
    )


class _Finder:
    """Find what a place is among the results."""

    def __init__(self, results: Results):
        self._wholes: dict[str, list[Item]] = defaultdict(list)
        for item in sorted(results.scores):
            if item.level == PERSON:
                self._wholes[item.participant.removeprefix('sub-')].append(item)
        self._slices = results.slices

    def whole(self, rating: Rating) -> Item | None:
        """Return the T2w that a rating belongs to; None where there is no result of it."""
        place = rating.place
        found = self._wholes.get(place.participant, [])
        session = place.session or ''
        of_session = [w for w in found if w.session.removeprefix('ses-') == session]
        # Without a session: that without, or else the only one.
        found = of_session if of_session or session else found
        if place.t2w is not None:
            found = [whole for whole in found if place.t2w in _names(whole.t2w)]
        if len(found) > 1:
            column = 't2w' if len({whole.session for whole in found}) == 1 else 'session_id'
            raise PVSError(
                f'{rating.line}, could belong to {len(found)} T2w of participant '
                f'{place.participant}, expected a {column} that tells which, received none'
            )
        return found[0] if found else None

    def image(self, whole: Item, place: Place) -> Item | None:
        """Return the image of a T2w that a place is; None if it is not among the six."""
        for image in whole.images:
            if (
                image.hemisphere == place.hemisphere
                and place.slice in (None, self._slices.get(image))
                and place.rank in (None, image.rank)
            ):
                return image
        return None


def _add_wholes(scores: dict[Item, Score]) -> int:
    """Add the highest of six images where the whole is not rated; return how many lack some."""
    wholes = {Item(item.participant, item.session, item.t2w) for item in scores}
    n_incomplete = 0
    for whole in sorted(wholes - set(scores)):
        images = [scores.get(image, Score(math.nan, math.nan)) for image in whole.images]
        # max() must not see NaN: it would depend on the order.
        count, potter = (
            math.nan if any(map(math.isnan, values)) else max(values)
            for values in ([i.count for i in images], [i.potter for i in images])
        )
        if math.isnan(potter):
            n_incomplete += 1
        else:
            scores[whole] = Score(count, potter)
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
    """Return how a T2w may be called.

    Examples
    --------
    >>> sorted(_names('sub-1/anat/sub-1_T2w.nii.gz'))
    ['sub-1/anat/sub-1_T2w.nii.gz', 'sub-1_T2w', 'sub-1_T2w.nii.gz']

    """
    name = PurePosixPath(t2w).name
    return {t2w, name, name.removesuffix('.gz').removesuffix('.nii')}
