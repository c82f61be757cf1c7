import math

import numpy as np
import pytest

from pvs_workflow.raters.matching import Item, MatchedRatings, Results, Score
from pvs_workflow.raters.rater_agreement import agreement_table, pair_raters
from pvs_workflow.science.agreement import weighted_kappa
from pvs_workflow.science.grading import potter_grade

WHOLES = [Item(f'sub-{index}', '', 't') for index in range(6)]
SHROUT_FLEISS = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], float
)


def scores(counts, items=WHOLES):
    return {
        item: Score(float(count), float(potter_grade(count)))
        for item, count in zip(items, counts, strict=True)
        if not math.isnan(count)
    }


def match(model, failed=(), **raters):
    results = Results(scores(model), frozenset(failed), {})
    return MatchedRatings(
        {name: scores(counts) for name, counts in raters.items()}, results, 0, 0, 0, 0, ()
    )


def table(matched):
    return agreement_table(pair_raters(matched))


def select_row(frame, **values):
    """Return the only row with these values."""
    for name, value in values.items():
        frame = frame[frame[name] == value]
    (row,) = frame.to_dict('records')
    return row


def test_shrout_and_fleiss_1979_table_4():
    """Four judges rate six targets: ICC(2,1) is .29, with the interval of McGraw & Wong 1996."""
    judges = dict(zip('abcd', SHROUT_FLEISS.T, strict=True))
    row = select_row(table(match([1.0] * 6, **judges)), comparison='all', quantity='count')
    assert (row['n'], row['n_participants']) == (6, 6)
    assert row['icc'] == pytest.approx(0.29, abs=0.005)
    assert (row['icc_low'], row['icc_high']) == pytest.approx((0.019, 0.761), abs=0.0005)
    assert math.isnan(row['mae'])


def test_kappa_of_a_published_table():
    """Two radiologists rate mammograms (Boyd et al. 1982); Stata's manual gives kappa 0.6714."""
    numbers = [[21, 12, 0, 0], [4, 17, 1, 0], [3, 9, 15, 2], [0, 0, 0, 1]]
    grades = [(a, b) for a in range(4) for b in range(4) for _ in range(numbers[a][b])]
    assert weighted_kappa(*np.array(grades).T) == pytest.approx(0.6714, abs=0.00005)


def test_statistics_agree_with_hand_calculations():
    statistics = table(match([1, 5, 12, 20, 22, 41], A=[0, 6, 10, 20, 25, 40]))
    count = select_row(statistics, quantity='count')
    assert (count['first'], count['second'], count['comparison']) == ('model', 'A', 'model')
    assert (count['n'], count['n_failed']) == (6, 0)
    differences = [1, -1, 2, 0, -3, 1]
    assert count['bias'] == pytest.approx(0)
    assert count['mae'] == pytest.approx(8 / 6)
    limit = 1.96 * math.sqrt(sum(d * d for d in differences) / 5)
    assert (count['limit_low'], count['limit_high']) == pytest.approx((-limit, limit))
    assert math.isnan(count['kappa'])
    assert math.isnan(count['accuracy'])
    grade = select_row(statistics, quantity='potter')  # 1 1 2 2 3 4 and 0 1 1 2 3 3
    assert grade['accuracy'] == pytest.approx(0.5)
    assert grade['mae'] == pytest.approx(0.5)
    assert grade['bias'] == pytest.approx(0.5)
    assert grade['kappa'] == pytest.approx(weighted_kappa([1, 1, 2, 2, 3, 4], [0, 1, 1, 2, 3, 3]))
    assert math.isnan(grade['limit_low'])


def test_perfect_agreement():
    for row in table(match([1, 11, 22, 44, 0, 3], A=[1, 11, 22, 44, 0, 3])).to_dict('records'):
        assert (row['icc'], row['icc_low'], row['icc_high']) == (1, 1, 1)
        assert row['mae'] == row['bias'] == 0
        if row['quantity'] == 'potter':
            assert row['kappa'] == row['accuracy'] == 1


def test_a_single_rater_is_compared_only_with_the_model():
    assert set(table(match([1, 2, 3, 4, 5, 6], A=[1, 2, 3, 4, 5, 7]))['comparison']) == {'model'}


def test_failed_results_are_left_out_and_counted():
    statistics = table(match([1, 2, 3, 4, 5, 99], {WHOLES[5]}, A=[1, 2, 3, 4, 5, 6], B=[1] * 6))
    row = select_row(statistics, second='A', comparison='model', quantity='count')
    assert (row['n'], row['n_failed'], row['mae']) == (5, 1, 0)
    between = select_row(statistics, comparison='raters', quantity='count')
    assert (between['n'], between['n_failed']) == (6, 0)


def test_a_pair_with_only_failed_results_has_a_row():
    row = select_row(table(match([1] * 6, WHOLES, A=[1] * 6)), quantity='count')
    assert (row['n'], row['n_failed']) == (0, 6)
    assert math.isnan(row['icc'])


def test_only_common_items_are_compared():
    nan = math.nan
    statistics = table(match([1] * 6, A=[1, 2, 3, nan, nan, nan], B=[nan, nan, 3, 4, nan, nan]))
    assert select_row(statistics, comparison='raters', quantity='count')['n'] == 1
    statistics = table(match([1] * 6, A=[1, 2, 3, nan, nan, nan], B=[nan, nan, nan, 4, 5, 6]))
    assert statistics[statistics['comparison'] == 'raters'].empty


def test_sessions_are_not_counted_as_participants():
    items = [Item('sub-1', f'ses-{n}', 't') for n in range(5)]
    results = Results(scores([1, 2, 3, 4, 5], items), frozenset(), {})
    matched = MatchedRatings({'A': scores([1, 2, 3, 4, 5], items)}, results, 0, 0, 0, 0, ())
    assert select_row(table(matched), quantity='count')['n_participants'] == 1


def test_order_of_rows_and_raters_does_not_matter():
    rng = np.random.default_rng(3)
    counts = {name: rng.poisson(9, 6) for name in 'ABC'}
    expected = table(match([3, 1, 4, 1, 5, 9], **counts))
    for _ in range(3):
        order = rng.permutation(6)
        items = [WHOLES[index] for index in order]
        results = Results(scores(np.array([3, 1, 4, 1, 5, 9])[order], items), frozenset(), {})
        raters = {name: scores(counts[name][order], items) for name in sorted('ABC')}
        shuffled = table(MatchedRatings(raters, results, 0, 0, 0, 0, ()))
        assert shuffled.equals(expected)


def test_without_raters_the_table_is_empty():
    matched = match([1] * 6)
    assert table(matched).empty
    assert list(table(matched).columns)[:2] == ['level', 'comparison']
