import numpy as np
import pytest

from pvs_workflow.lab.training.reference import ACCEPT_ALL, fit_reference, held_out_distances
from pvs_workflow.uncertainty.image_statistics import STATISTICS

K = len(STATISTICS)


def cohort(n, seed):
    """Return statistics of six images of each of n different people, and the participants."""
    rng = np.random.default_rng(seed)
    mix = np.random.default_rng(0).standard_normal((K, K)) / 2
    people = np.repeat(rng.standard_normal((n, K)), 6, axis=0)
    return (0.7 * people + 0.7 * rng.standard_normal((6 * n, K))) @ mix, np.repeat(range(n), 6)


def test_about_one_per_cent_of_new_images_is_flagged():
    shares = []
    for seed in range(20):
        reference = fit_reference(*cohort(40, seed))
        shares.append(np.mean(reference.distance(cohort(60, 100 + seed)[0]) > reference.limit))
    assert 0.001 < np.mean(shares) < 0.02


def test_few_calibration_images_are_flagged():
    statistics, people = cohort(40, 1)
    reference = fit_reference(statistics, people)
    assert np.mean(reference.distance(statistics) > reference.limit) <= 0.01


def test_images_with_other_correlations_are_flagged():
    statistics, people = cohort(40, 2)
    reference = fit_reference(statistics, people)
    shuffled = np.random.default_rng(3).permuted(statistics * 3, axis=0)
    assert np.mean(reference.distance(shuffled) > reference.limit) > 0.8


def test_images_of_the_same_person_are_excluded_from_the_distance():
    statistics, people = cohort(10, 4)
    reference = fit_reference(statistics, people)
    held_out = held_out_distances(statistics, people, statistics, people)
    assert held_out.mean() > reference.distance(statistics).mean()
    alone = people == 3
    part = held_out_distances(statistics, people, statistics[alone], people[alone])
    assert np.allclose(part, held_out[alone])


def test_the_order_of_images_does_not_matter():
    statistics, people = cohort(12, 5)
    order = np.random.default_rng(6).permutation(len(people))
    assert fit_reference(statistics, people) == fit_reference(statistics[order], people[order])


def test_a_constant_statistic_gives_finite_distances():
    statistics, people = cohort(12, 7)
    statistics[:, 3] = 0.5
    reference = fit_reference(statistics, people)
    assert np.isfinite(reference.distance(statistics)).all()


def test_the_reference_of_one_person_accepts_all_images():
    statistics, people = cohort(1, 8)
    assert fit_reference(statistics, people) is ACCEPT_ALL
    assert (ACCEPT_ALL.distance(statistics) < ACCEPT_ALL.limit).all()


def test_invalid_statistics_are_rejected():
    with pytest.raises(ValueError, match=r'have shape \(3, 10\); their shape is \(3, 2\)'):
        fit_reference(np.zeros((3, 2)), ['a', 'b', 'c'])
    with pytest.raises(ValueError, match='statistics must be finite'):
        fit_reference(np.full((2, K), np.nan), ['a', 'b'])
