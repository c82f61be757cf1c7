import numpy as np
import pandas as pd
import pytest

from pvs_workflow.cohort.outliers import outlier_reasons, robust_z


def make_rows(n=30, seed=1):
    rng = np.random.default_rng(seed)
    left, right = rng.uniform(8.5, 10, (2, n))
    highest = np.maximum(left, right)
    return pd.DataFrame(
        {
            'potter': 1,
            'count_max': highest,
            'count_left': left,
            'count_right': right,
            **{f'p_potter{g}': float(g == 1) for g in range(5)},
            'qc': 'pass',
            'top_low': highest - 2,
            'top_high': highest + 0.3,
        }
    )


def test_scores_follow_the_formula():
    values = np.random.default_rng(2).normal(10, 3, 101)
    deviation = np.median(np.abs(values - np.median(values)))
    expected = 0.6745 * (values - np.median(values)) / deviation
    np.testing.assert_allclose(robust_z(values), expected)


def test_scores_of_a_normal_sample_are_z_scores():
    z = robust_z(np.random.default_rng(3).normal(5, 2, 100_001))
    assert np.std(z) == pytest.approx(1, abs=0.02)


def test_scores_without_spread_are_zero():
    assert robust_z(np.array([3.0, 3, 3, 8])).tolist() == [0] * 4
    assert np.isnan(robust_z(np.array([np.nan, np.nan]))).all()


def test_similar_results_are_not_outliers():
    assert outlier_reasons(make_rows()) == [()] * 30


@pytest.mark.parametrize(
    ('column', 'value', 'phrase'),
    [
        ('count_max', 60.0, 'highest count far above the group’s'),
        ('count_max', 0.5, 'highest count far below the group’s'),
        ('count_left', 60.0, 'many more on the left'),
        ('count_right', 60.0, 'many more on the right'),
        ('top_high', 21.0, 'spans grades 1 to 3'),
    ],
)
def test_an_outlier_is_explained(column, value, phrase):
    rows = make_rows()
    rows.loc[7, column] = value
    reasons = outlier_reasons(rows)
    assert [number for number, phrases in enumerate(reasons) if phrases] == [7]
    (reason,) = reasons[7]
    assert phrase in reason


def test_an_unlikely_grade_is_reported_with_the_likeliest_one():
    rows = make_rows(4)
    rows.loc[3, [f'p_potter{g}' for g in range(5)]] = 0.2
    rows.loc[1, ['p_potter1', 'p_potter2']] = 0.4, 0.6
    rows.loc[2, ['p_potter1', 'p_potter2', 'p_potter3']] = 0.45, 0.3, 0.25
    assert outlier_reasons(rows) == [
        (),
        ('grade 1 has a probability of 0.40; grade 2 is more probable',),
        ('grade 1 has a probability of 0.45',),
        ('grade 1 has a probability of 0.20',),
    ]


def test_small_groups_and_failed_results_are_not_compared():
    few = make_rows(19)
    few.loc[3, 'count_max'] = 99
    assert outlier_reasons(few) == [()] * 19
    failed = make_rows()
    failed.loc[3, ['count_max', 'qc', 'top_high']] = 99, 'fail', 99
    assert outlier_reasons(failed) == [()] * 30


def test_order_does_not_matter_and_inputs_are_not_modified():
    rows = make_rows(60)
    rows.loc[5, 'count_max'] = 70
    before = rows.copy()
    reasons = outlier_reasons(rows)
    order = np.random.default_rng(4).permutation(60)
    shuffled = outlier_reasons(rows.iloc[order].reset_index(drop=True))
    assert shuffled == [reasons[number] for number in order]
    pd.testing.assert_frame_equal(rows, before)


def test_missing_values_are_ignored():
    rows = make_rows().astype({'potter': object})
    rows.loc[2, ['potter', 'count_max', 'count_left']] = None, np.nan, np.nan
    assert outlier_reasons(rows) == [()] * 30
