import math

import numpy as np
import pytest

from pvs_workflow.lab.simulation.relaxation import (
    draw_tissues,
    fluid_ratio,
    mprage,
    signals,
    spin_echo,
)

SOLID = ('white matter', 'cortex', 'caudate', 'putamen', 'pallidum', 'thalamus', 'brain stem')


def draw_many(rng, acquisition='paper', echo_time=81.0, number=1):
    return [draw_tissues(rng, acquisition, echo_time, 4450.0) for _ in range(number)]


def test_spin_echo_follows_the_textbook():
    # At TR = T1 ln 2 half has recovered, and at TE = T2 1/e of that is left.
    properties = (1000.0, 80.0, 0.8)
    assert spin_echo(properties, 80.0, 1000 * math.log(2)) == pytest.approx(0.8 * 0.5 / math.e)
    assert spin_echo(properties, 0.0, 1e6) == pytest.approx(0.8)
    # By hand: 0.82 (1 − exp(−4450/1250)) exp(−81/74) = 0.82 × 0.97157 × 0.33466
    assert spin_echo((1250.0, 74.0, 0.82), 81.0, 4450.0) == pytest.approx(0.26662, abs=1e-5)


def test_mprage_orders_tissues_by_their_t1():
    values = [mprage((t1, 80.0, 0.8)) for t1 in (800.0, 1100.0, 1400.0, 4200.0)]
    assert values == sorted(values, reverse=True)
    assert values[-1] == pytest.approx(0.8 * 0.05)


def test_signals_are_in_units_of_the_putamen_and_of_white_matter(rng):
    (tissues,) = draw_many(rng)
    t2w, t1w = signals(tissues)
    assert t2w['putamen'] == 1
    assert t1w['white matter'] == 1
    expected = spin_echo(tissues.properties['thalamus'], 81.0, 4450.0)
    expected /= spin_echo(tissues.properties['putamen'], 81.0, 4450.0)
    assert t2w['thalamus'] == pytest.approx(min(expected, 1.2))


def test_tissues_have_the_contrasts_of_a_brain(rng):
    people = [signals(tissues) for tissues in draw_many(rng, number=100)]
    t2w, t1w = (
        {name: np.median([one[k][name] for one in people]) for name in (*SOLID, 'fluid')}
        for k in (0, 1)
    )
    assert t2w['pallidum'] < t2w['white matter'] < t2w['putamen'] < t2w['caudate'] <= 1.2
    assert t1w['fluid'] < t1w['cortex'] < t1w['putamen'] < t1w['white matter']


def test_people_differ_more_between_scanners(rng):
    spread = {
        acquisition: np.std(
            [
                np.log(one.properties['caudate'][1])
                for one in draw_many(rng, acquisition, number=500)
            ]
        )
        for acquisition in ('paper', 'varied')
    }
    # Clipping at two standard deviations reduces the deviation by 12 %.
    assert spread['paper'] == pytest.approx(0.04 * 0.88, rel=0.1)
    assert spread['varied'] == pytest.approx(0.08 * 0.88, rel=0.1)


def test_fluid_is_brighter_at_long_echo_times():
    ratios = [
        fluid_ratio(*draw_many(np.random.default_rng(1), echo_time=echo)) for echo in (70, 90, 110)
    ]
    assert 1.6 < ratios[0] < ratios[1] < ratios[2] <= 5.0
    assert fluid_ratio(*draw_many(np.random.default_rng(1), echo_time=300.0)) == 5.0


def test_the_same_generator_gives_the_same_tissues():
    one, two = (draw_many(np.random.default_rng(5))[0] for _ in range(2))
    assert one.properties == two.properties
    np.testing.assert_array_equal(one.outside, two.outside)
