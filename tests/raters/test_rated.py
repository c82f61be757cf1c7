import math
from pathlib import Path

import pytest

from pvs_workflow.derivatives.results import Result
from pvs_workflow.errors import PVSError
from pvs_workflow.raters.rated import Item, Score, match_ratings, model_results
from pvs_workflow.raters.ratings import Place, Rating


def tables(participant, session=None, run=None, qc='pass', images_qc='pass'):
    """Return one T2w's tables as far as they are used: counts 1 to 6."""
    stem = f'sub-{participant}' + (f'_ses-{session}' if session else '')
    stem += f'_run-{run}' if run else ''
    grade = {
        'participant_id': f'sub-{participant}',
        'session_id': f'ses-{session}' if session else None,
        't2w': f'sub-{participant}/anat/{stem}_T2w.nii.gz',
        'potter': 1,
        'count_max': 6.0,
        'qc': qc,
    }
    rows = [
        {'hemisphere': side, 'slice': 12 - rank, 'slice_rank': rank, 'count': count, 'potter': 1}
        for count, (side, rank) in enumerate(((s, r) for s in 'LR' for r in (1, 2, 3)), start=1)
    ]
    quality = ['pass'] * 5 + [images_qc]
    counts = tuple(row | {'qc': qc} for row, qc in zip(rows, quality, strict=True))
    return Result(Path(stem), grade, counts)


def rating(place, count=math.nan, potter=1.0, rater='A', line=None):
    return Rating(line or f'f.tsv, line {id(place)}', rater, place, count, potter)


def image(participant='sub-01', session='', name='sub-01_T2w', side='L', rank=1):
    return Item(participant, session, f'{participant}/anat/{name}.nii.gz', side, rank)


ONE = model_results([tables('01')])


def test_the_model_has_six_images_and_a_whole():
    assert len(ONE.scores) == 7
    assert ONE.scores[image()] == Score(1.0, 1.0)
    assert ONE.scores[image(side='R', rank=3)] == Score(6.0, 1.0)
    assert ONE.scores[image(side='', rank=0)] == Score(6.0, 1.0)
    assert ONE.slices[image(rank=3)] == 9
    assert not ONE.failed


def test_what_failed():
    (item,) = model_results([tables('01', images_qc='fail')]).failed
    assert (item.level, item.hemisphere, item.rank) == ('image', 'R', 3)
    assert len(model_results([tables('01', qc='fail')]).failed) == 7
    assert not model_results([tables('01', qc='review')]).failed


@pytest.mark.parametrize(
    'place', [Place('01', None, None, 'L', 10), Place('01', None, None, 'L', None, 2)]
)
def test_an_image_is_found_by_slice_or_rank(place):
    rated = match_ratings([rating(place, 4.0)], ONE)
    assert dict(rated.raters['A']) == {image(rank=2): Score(4.0, 1.0)}
    assert rated.n_incomplete == 1


@pytest.mark.parametrize('place', [(8, None), (11, 2)])
def test_other_slices_are_counted(place):
    rated = match_ratings([rating(Place('01', None, None, 'L', *place))], ONE)
    assert rated.raters == {'A': {}}
    assert rated.n_other == 1
    assert rated.problems == ()


def all_images(counts, rater='A', session=None):
    sides = [(side, rank) for side in 'LR' for rank in (1, 2, 3)]
    return [
        rating(
            Place('01', session, None, side, None, rank), count, 0.0 if count < 1 else 1.0, rater
        )
        for (side, rank), count in zip(sides, counts, strict=True)
    ]


def test_the_whole_is_the_highest_of_six():
    whole = image(side='', rank=0)
    rated = match_ratings(all_images([0, 0, 5, 0, 0, 0]), ONE)
    assert rated.raters['A'][whole] == Score(5.0, 1.0)
    assert rated.n_incomplete == 0
    # What the rater has said of the whole stands.
    given = [*all_images([0, 0, 5, 0, 0, 0]), rating(Place('01'), potter=2.0)]
    assert match_ratings(given, ONE).raters['A'][whole].potter == 2.0
    # A count is not the highest of what is not all known.
    nearly = all_images([0, math.nan, 5, 0, 0, 0])
    assert math.isnan(match_ratings(nearly, ONE).raters['A'][whole].count)
    assert match_ratings(nearly, ONE).raters['A'][whole].potter == 1.0


def test_unknown_t2w_are_named_and_the_rest_goes_on():
    unknown = [rating(Place(f'9{n}', 'b'), line=f'a.tsv, line {n}') for n in range(7)]
    rated = match_ratings([*unknown, *unknown[:1], rating(Place('01'))], ONE)
    (problem,) = rated.problems
    assert problem.startswith('a.tsv has ratings that are left out (8), expected')
    assert problem.endswith(
        'sub-90 ses-b, sub-91 ses-b, sub-92 ses-b, sub-93 ses-b, sub-94 ses-b and 2 more'
    )
    assert rated.n_unknown == 8
    assert len(rated.raters['A']) == 1


def test_sessions():
    two = model_results([tables('01', 'a'), tables('01', 'b'), tables('02', 'a')])
    rated = match_ratings([rating(Place('01', 'b')), rating(Place('02'))], two)
    assert [(i.participant, i.session) for i in rated.raters['A']] == [
        ('sub-01', 'ses-b'),
        ('sub-02', 'ses-a'),
    ]
    with pytest.raises(
        PVSError,
        match='line 7, could belong to 2 T2w of participant 01, '
        'expected a session_id that tells which, received none',
    ):
        match_ratings([rating(Place('01'), line='f.tsv, line 7')], two)
    none_and_one = model_results([tables('01'), tables('01', 'a')])
    (item,) = match_ratings([rating(Place('01'))], none_and_one).raters['A']
    assert item.session == ''


def test_several_t2w_of_a_session():
    two = model_results([tables('01', run='1'), tables('01', run='2')])
    with pytest.raises(PVSError, match='expected a t2w that tells which, received none'):
        match_ratings([rating(Place('01'))], two)
    for name in ('sub-01_run-2_T2w.nii.gz', 'sub-01/anat/sub-01_run-2_T2w.nii.gz'):
        (item,) = match_ratings([rating(Place('01', None, name))], two).raters['A']
        assert item.t2w.endswith('run-2_T2w.nii.gz')
    assert match_ratings([rating(Place('01', None, 'else'))], two).n_unknown == 1


def test_twice_the_same():
    one, two = (
        rating(Place('01', None, None, 'L', *w), line=f'f, line {w}')
        for w in ((10, None), (None, 2))
    )
    with pytest.raises(
        PVSError,
        match=r"line \(None, 2\), has a second rating by 'A' of what "
        r'f, line \(10, None\) has, expected one',
    ):
        match_ratings([one, two], ONE)
    blank = rating(Place('01'), potter=math.nan)
    rated = match_ratings([blank, rating(Place('01')), rating(Place('01'), rater='B')], ONE)
    assert list(rated.raters) == ['A', 'B']
    assert rated.n_missing == 1
