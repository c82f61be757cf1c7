import math
from pathlib import Path

import pytest

from pvs_workflow.derivatives.results import Result
from pvs_workflow.errors import PVSError
from pvs_workflow.raters.matching import Item, Score, match_ratings, model_results
from pvs_workflow.raters.ratings import Rating, Target


def make_result(participant, session=None, run=None, qc='pass', images_qc='pass'):
    """Return a result with counts 1 to 6."""
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


def make_rating(target, count=math.nan, potter=1.0, rater='A', line=None):
    return Rating(line or f'f.tsv, line {id(target)}', rater, target, count, potter)


def image(participant='sub-01', session='', name='sub-01_T2w', side='L', rank=1):
    return Item(participant, session, f'{participant}/anat/{name}.nii.gz', side, rank)


ONE = model_results([make_result('01')])


def test_the_model_has_scores_of_six_images_and_the_whole():
    assert len(ONE.scores) == 7
    assert ONE.scores[image()] == Score(1.0, 1.0)
    assert ONE.scores[image(side='R', rank=3)] == Score(6.0, 1.0)
    assert ONE.scores[image(side='', rank=0)] == Score(6.0, 1.0)
    assert ONE.slices[image(rank=3)] == 9
    assert not ONE.failed


def test_failed_images_and_t2w_are_collected():
    (item,) = model_results([make_result('01', images_qc='fail')]).failed
    assert (item.level, item.hemisphere, item.rank) == ('image', 'R', 3)
    assert len(model_results([make_result('01', qc='fail')]).failed) == 7
    assert not model_results([make_result('01', qc='review')]).failed


@pytest.mark.parametrize(
    'target', [Target('01', None, None, 'L', 10), Target('01', None, None, 'L', None, 2)]
)
def test_an_image_is_matched_by_slice_or_rank(target):
    matched = match_ratings([make_rating(target, 4.0)], ONE)
    assert dict(matched.raters['A']) == {image(rank=2): Score(4.0, 1.0)}
    assert matched.n_incomplete == 1


@pytest.mark.parametrize('position', [(8, None), (11, 2)])
def test_other_slices_are_counted(position):
    matched = match_ratings([make_rating(Target('01', None, None, 'L', *position))], ONE)
    assert matched.raters == {'A': {}}
    assert matched.n_other == 1
    assert matched.problems == ()


def all_images(counts, rater='A', session=None):
    sides = [(side, rank) for side in 'LR' for rank in (1, 2, 3)]
    return [
        make_rating(
            Target('01', session, None, side, None, rank), count, 0.0 if count < 1 else 1.0, rater
        )
        for (side, rank), count in zip(sides, counts, strict=True)
    ]


def test_the_score_of_the_whole_is_the_highest_of_six():
    whole = image(side='', rank=0)
    matched = match_ratings(all_images([0, 0, 5, 0, 0, 0]), ONE)
    assert matched.raters['A'][whole] == Score(5.0, 1.0)
    assert matched.n_incomplete == 0
    # The rater's own score of the whole takes precedence.
    with_whole = [*all_images([0, 0, 5, 0, 0, 0]), make_rating(Target('01'), potter=2.0)]
    assert match_ratings(with_whole, ONE).raters['A'][whole].potter == 2.0
    # The highest count is unknown if one of the six is missing.
    incomplete = all_images([0, math.nan, 5, 0, 0, 0])
    assert math.isnan(match_ratings(incomplete, ONE).raters['A'][whole].count)
    assert match_ratings(incomplete, ONE).raters['A'][whole].potter == 1.0


def test_unknown_t2w_are_reported_and_others_matched():
    unknown = [make_rating(Target(f'9{n}', 'b'), line=f'a.tsv, line {n}') for n in range(7)]
    matched = match_ratings([*unknown, *unknown[:1], make_rating(Target('01'))], ONE)
    (problem,) = matched.problems
    assert problem.startswith('a.tsv has ratings of T2w without a usable result, left out (8): ')
    assert problem.endswith(
        'sub-90 ses-b, sub-91 ses-b, sub-92 ses-b, sub-93 ses-b, sub-94 ses-b and 2 more'
    )
    assert matched.n_unknown == 8
    assert len(matched.raters['A']) == 1


def test_ratings_are_matched_by_session():
    two = model_results([make_result('01', 'a'), make_result('01', 'b'), make_result('02', 'a')])
    matched = match_ratings([make_rating(Target('01', 'b')), make_rating(Target('02'))], two)
    assert [(i.participant, i.session) for i in matched.raters['A']] == [
        ('sub-01', 'ses-b'),
        ('sub-02', 'ses-a'),
    ]
    with pytest.raises(
        PVSError,
        match='line 7, could belong to 2 T2w of participant 01; add a session_id',
    ):
        match_ratings([make_rating(Target('01'), line='f.tsv, line 7')], two)
    with_and_without_session = model_results([make_result('01'), make_result('01', 'a')])
    (item,) = match_ratings([make_rating(Target('01'))], with_and_without_session).raters['A']
    assert item.session == ''


def test_ratings_are_matched_by_t2w():
    two = model_results([make_result('01', run='1'), make_result('01', run='2')])
    with pytest.raises(PVSError, match='could belong to 2 T2w of participant 01; add a t2w'):
        match_ratings([make_rating(Target('01'))], two)
    for name in ('sub-01_run-2_T2w.nii.gz', 'sub-01/anat/sub-01_run-2_T2w.nii.gz'):
        (item,) = match_ratings([make_rating(Target('01', None, name))], two).raters['A']
        assert item.t2w.endswith('run-2_T2w.nii.gz')
    assert match_ratings([make_rating(Target('01', None, 'else'))], two).n_unknown == 1


def test_a_rating_of_a_person_is_matched_with_the_selected_t2w():
    one, two = make_result('01', run='1'), make_result('01', run='2')
    results = model_results([one, two], [two])
    (item,) = match_ratings([make_rating(Target('01'))], results).raters['A']
    assert item.t2w.endswith('run-2_T2w.nii.gz')
    with pytest.raises(PVSError, match='could belong to 2 T2w of participant 01; add a t2w'):
        match_ratings([make_rating(Target('01', hemisphere='L', rank=1))], results)


def test_repeated_ratings_are_refused():
    one, two = (
        make_rating(Target('01', None, None, 'L', *w), line=f'f, line {w}')
        for w in ((10, None), (None, 2))
    )
    with pytest.raises(
        PVSError,
        match=r"line \(None, 2\), repeats the rating by 'A' in f, line \(10, None\); keep one",
    ):
        match_ratings([one, two], ONE)
    blank = make_rating(Target('01'), potter=math.nan)
    matched = match_ratings(
        [blank, make_rating(Target('01')), make_rating(Target('01'), rater='B')], ONE
    )
    assert list(matched.raters) == ['A', 'B']
    assert matched.n_missing == 1
