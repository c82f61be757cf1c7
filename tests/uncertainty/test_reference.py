import json

import numpy as np
import pytest

from pvs_workflow.errors import BundleError
from pvs_workflow.uncertainty.familiarity import STATISTICS
from pvs_workflow.uncertainty.reference import (
    EVERYTHING,
    Reference,
    fit_reference,
    held_out_distances,
)

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


def test_ones_own_images_do_not_make_one_familiar():
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
    again = Reference.from_card(reference.to_card())
    assert np.isfinite(again.distance(statistics)).all()


def test_of_one_person_nothing_is_learnt():
    statistics, people = cohort(1, 8)
    assert fit_reference(statistics, people) is EVERYTHING
    assert (EVERYTHING.distance(statistics) < EVERYTHING.limit).all()


def test_card_round_trip():
    for reference in (fit_reference(*cohort(12, 9)), EVERYTHING):
        assert Reference.from_card(json.loads(json.dumps(reference.to_card()))) == reference


@pytest.mark.parametrize(
    'change',
    [
        {'mean': [0.0]},
        {'mean': None},
        {'mean': ['x'] * K},
        {'limit': 0.0},
        {'limit': True},
        {'precision': [[1.0]]},
        {'precision': [1.0] * K},
        {'precision': np.zeros((K, K)).tolist()},
        {'precision': (-np.eye(K)).tolist()},
        {'precision': (np.eye(K) + np.eye(K, k=1) / 2).tolist()},
    ],
)
def test_unusable_references_are_refused(change):
    with pytest.raises(BundleError, match='unusable reference, expected 10 means'):
        Reference.from_card(EVERYTHING.to_card() | change)


def test_other_statistics_and_fields_are_refused():
    with pytest.raises(BundleError, match=r"of other statistics, .* received \['age'"):
        Reference.from_card(EVERYTHING.to_card() | {'statistics': ['age']})
    for values in ({}, [], {'limit': 1.0}):
        with pytest.raises(BundleError, match=r'has the reference .* expected the fields'):
            Reference.from_card(values)


def test_bad_statistics():
    with pytest.raises(ValueError, match='10 finite numbers of each image, received shape'):
        fit_reference(np.zeros((3, 2)), ['a', 'b', 'c'])
    with pytest.raises(ValueError, match='10 finite numbers'):
        fit_reference(np.full((2, K), np.nan), ['a', 'b'])
