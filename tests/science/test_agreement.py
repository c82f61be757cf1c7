import math

import numpy as np
import pytest

from pvs_workflow.science.agreement import (
    confusion_matrix,
    intraclass_correlation,
    limits_of_agreement,
    weighted_kappa,
)

SHROUT_FLEISS = [
    [9, 2, 5, 8],
    [6, 1, 3, 2],
    [8, 4, 6, 8],
    [7, 1, 2, 6],
    [10, 5, 6, 9],
    [6, 2, 4, 7],
]


def test_shrout_and_fleiss_1979_table_2():
    icc = intraclass_correlation(SHROUT_FLEISS)
    assert icc.value == pytest.approx(0.29, abs=0.005)
    assert (icc.low, icc.high) == pytest.approx((0.019, 0.761), abs=0.0005)


def mean_squares_icc(ratings):
    """Return the ICC from the mean squares of a two-way table (Shrout & Fleiss 1979)."""
    n, k = ratings.shape
    grand = ratings.mean()
    rows, columns = ratings.mean(axis=1), ratings.mean(axis=0)
    between = k * ((rows - grand) ** 2).sum() / (n - 1)
    raters = n * ((columns - grand) ** 2).sum() / (k - 1)
    rest = ((ratings - rows[:, None] - columns + grand) ** 2).sum() / ((n - 1) * (k - 1))
    return (between - rest) / (between + (k - 1) * rest + k * (raters - rest) / n)


@pytest.mark.parametrize('seed', range(3))
def test_the_icc_equals_that_from_mean_squares(seed):
    rng = np.random.default_rng(seed)
    true = rng.integers(0, 49, 60)
    ratings = np.stack([true + rng.normal(1, 4, 60), true], axis=1)
    icc = intraclass_correlation(ratings)
    assert icc.value == pytest.approx(mean_squares_icc(ratings), abs=1e-9)
    assert icc.low < icc.value < icc.high


def test_a_bias_lowers_absolute_agreement():
    true = np.arange(30.0)
    noisy = true + np.random.default_rng(0).normal(0, 1, 30)
    near, far = (
        intraclass_correlation(np.stack([noisy + bias, true], axis=1)).value for bias in (0, 10)
    )
    assert far < near - 0.2


@pytest.mark.parametrize(
    ('ratings', 'expected'),
    [
        (SHROUT_FLEISS, (0.28976377952755916, 0.01878651337471204, 0.7610843696489529)),
        (
            [row[:2] for row in SHROUT_FLEISS],
            (0.12565445026178026, -0.023653221543256914, 0.5998514840379155),
        ),
        (
            [row[:3] for row in SHROUT_FLEISS[:3]],
            (0.18562874251497008, -0.01354834120532884, 0.908664798162193),
        ),
        (
            [
                [0.2, 0], [12, 10], [3.3, 4], [21.1235, 25], [0, 1], [44.4, 41], [7.5, 7], [5, 9]
            ],
            (0.9855694060198094, 0.9325720069676138, 0.997071857119968),
        ),
        (
            [[1, 5], [2, 5], [3, 5], [4, 5]],
            (0.0, -0.11596483216541963, 0.6160275621149456),
        ),
        (
            [[1e4, 1e4 + 1], [1e4 + 2, 1e4 + 1], [1e4 - 3, 1e4 + 5], [1e4, 1e4]],
            (-0.8333333333333335, -1.0204081632653061, 0.35878628912017513),
        ),
        ([[1, 2], [2, 1], [1, 2], [2, 1]], (-2.0, np.nan, np.nan)),
    ],
)  # fmt: skip
def test_the_icc_equals_that_of_pingouin(ratings, expected):
    """Expected values are unrounded results of pingouin 0.7.0 (``intraclass_corr``, ICC(A,1))."""
    icc = intraclass_correlation(ratings)
    values = (icc.value, icc.low, icc.high)
    assert values == pytest.approx(expected, abs=1e-12, nan_ok=True)


def test_raters_who_differ_by_a_constant_have_an_interval():
    """The interval is the limit of those for vanishing errors."""
    true = np.array([1.0, 2, 3, 4])
    noise = np.array([1, -1, -1, 1]) * 1e-7
    exact, nearly = (
        intraclass_correlation(np.stack([true, true + 2 + error], axis=1))
        for error in (0 * noise, noise)
    )
    assert (exact.low, exact.high) == pytest.approx((nearly.low, nearly.high), abs=1e-6)
    assert 0 < exact.low < exact.value < exact.high < 1


def test_the_icc_can_be_undefined_or_perfect():
    assert math.isnan(intraclass_correlation([[1, 2], [3, 4]]).value)
    assert math.isnan(intraclass_correlation(np.ones((5, 2))).value)
    assert intraclass_correlation([[1, 1], [2, 2], [5, 5]]).value == 1.0
    constant = intraclass_correlation([[3, 1], [3, 7], [3, 2], [3, 9]])
    assert constant.value == pytest.approx(0, abs=0.5)


@pytest.mark.parametrize('ratings', [[1, 2, 3], [[1], [2]], [[1, np.nan], [2, 3]]])
def test_unusable_ratings_are_refused(ratings):
    with pytest.raises(ValueError, match='row per item and at least two columns, received'):
        intraclass_correlation(ratings)


def test_kappa_follows_its_definition():
    rng = np.random.default_rng(1)
    true = rng.integers(0, 5, 200)
    predicted = np.clip(true + rng.integers(-1, 2, 200), 0, 4)
    observed = confusion_matrix(predicted, true) / 200
    expected = np.outer(observed.sum(axis=1), observed.sum(axis=0))
    weights = np.subtract.outer(np.arange(5), np.arange(5)) ** 2
    kappa = 1 - (weights * observed).sum() / (weights * expected).sum()
    assert weighted_kappa(predicted, true) == pytest.approx(kappa)


def test_kappa_of_one_grade_is_undefined():
    assert math.isnan(weighted_kappa([1, 1], [1, 1]))
    assert weighted_kappa([1, 1], [1, 2]) == 0.0


def test_the_confusion_matrix_counts_all_pairs_with_true_grades_in_rows():
    matrix = confusion_matrix([4, 4, 0], [3, 4, 0])
    assert matrix.shape == (5, 5)
    assert matrix.sum() == 3
    assert matrix[3, 4] == matrix[4, 4] == matrix[0, 0] == 1


def test_limits_of_agreement_follow_from_bias_and_standard_deviation():
    rng = np.random.default_rng(2)
    true = rng.uniform(0, 40, 500)
    limits = limits_of_agreement(true + rng.normal(2, 3, 500), true)
    assert limits.bias == pytest.approx(2, abs=0.4)
    assert limits.high - limits.low == pytest.approx(2 * 1.96 * limits.sd)
    assert math.isnan(limits_of_agreement([3.0], [2.0]).sd)


@pytest.mark.parametrize('function', [weighted_kappa, confusion_matrix, limits_of_agreement])
def test_lists_of_different_lengths_are_refused(function):
    with pytest.raises(ValueError, match=r'same length, received shapes \(2,\) and \(3,\)'):
        function([1, 2], [1, 2, 3])
    with pytest.raises(ValueError, match='non-empty lists of the same length'):
        function([], [])
