"""What the model found, by image and by whole T2w."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pvs_workflow.science.slices import HEMISPHERES, N_SLICES

IMAGE, PERSON = 'image', 'person'
"""Levels."""


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
    def images(self) -> tuple['Item', ...]:
        """The six images of the T2w."""
        whole = (self.participant, self.session, self.t2w)
        return tuple(
            Item(*whole, side, rank) for side in HEMISPHERES for rank in range(1, N_SLICES + 1)
        )


@dataclass(frozen=True)
class Score:
    """A count and a grade; NaN where one is missing."""

    count: float
    potter: float


@dataclass(frozen=True)
class Results:
    """What the model found.

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


def model_results(results: Iterable[tuple[dict, list[dict]]]) -> Results:
    """Collect what the model found.

    Parameters
    ----------
    results : iterable of (dict, list of dict)
        Of each T2w the row of its table ``potter_grade`` and those of ``epvs_counts``.

    Returns
    -------
    Results
        An image failed if its own quality or that of the whole T2w is fail.

    """
    scores, failed, slices = {}, set(), {}
    for grade, counts in results:
        whole = Item(grade['participant_id'], grade['session_id'] or '', grade['t2w'] or '')
        scores[whole] = Score(float(grade['count_max']), float(grade['potter']))
        if grade['qc'] == 'fail':
            failed.add(whole)
        for row in counts:
            image = Item(
                whole.participant,
                whole.session,
                whole.t2w,
                row['hemisphere'],
                int(row['slice_rank']),
            )
            scores[image] = Score(float(row['count']), float(row['potter']))
            slices[image] = int(row['slice'])
            if 'fail' in (row['qc'], grade['qc']):
                failed.add(image)
    return Results(scores, frozenset(failed), slices)
