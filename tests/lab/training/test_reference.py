import numpy as np
import pytest

from pvs_workflow.lab.training.reference import EVERYTHING, fit_reference, held_out_distances
from pvs_workflow.uncertainty.image_statistics import STATISTICS

K = len(STATISTICS)


def cohort(n, seed):
    """Return statistics of six images of each of n people, who differ, and whose they are."""
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


def test_hardly_a_calibration_image_is_flagged():
    statistics, people = cohort(40, 1)
    reference = fit_reference(statistics, people)
    assert np.mean(reference.distance(statistics) > reference.limit) <= 0.01


def test_what_breaks_the_pattern_is_flagged():
    statistics, people = cohort(40, 2)
    reference = fit_reference(statistics, people)
    shuffled = np.random.default_rng(3).permuted(statistics * 3, axis=0)
    assert np.mean(reference.distance(shuffled) > reference.limit) > 0.8


def test_ones_own_images_do_not_count_as_known():
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


def test_a_statistic_that_never_varied():
    statistics, people = cohort(12, 7)
    statistics[:, 3] = 0.5
    reference = fit_reference(statistics, people)
    assert np.isfinite(reference.distance(statistics)).all()


def test_of_one_person_nothing_is_learnt():
    statistics, people = cohort(1, 8)
    assert fit_reference(statistics, people) is EVERYTHING
    assert (EVERYTHING.distance(statistics) < EVERYTHING.limit).all()


def test_bad_statistics():
    with pytest.raises(ValueError, match='10 finite numbers of each image, received shape'):
        fit_reference(np.zeros((3, 2)), ['a', 'b', 'c'])
    with pytest.raises(ValueError, match='10 finite numbers'):
        fit_reference(np.full((2, K), np.nan), ['a', 'b'])
