from dataclasses import fields, replace

import numpy as np
import pytest

from pvs_workflow.lab.simulation.backgrounds import draw_scene
from pvs_workflow.lab.simulation.exposures import expose
from pvs_workflow.lab.simulation.plates import CROWDS, cut_plates, draw_crowds, person_plates
from pvs_workflow.science.slices import FIELD_OF_VIEW

pytestmark = pytest.mark.slow

PERSON = 2
"""Number of a person with many ePVS on both sides."""


@pytest.fixture(scope='module')
def plates():
    return person_plates(5, PERSON, 'paper')


@pytest.fixture(scope='module')
def plate(plates):
    """Return the plate with the most ePVS."""
    return max(plates, key=lambda plate: len(plate.spots))


@pytest.fixture(scope='module')
def recorded(background):
    scene = draw_scene(np.random.default_rng(2), background, draw_crowds)
    return cut_plates(np.random.default_rng(2), 'real-01', scene, recorded=True)


def count(labels):
    return np.unique(labels[labels > 0]).size


def test_a_person_has_six_chosen_plates_and_a_few_more(plates):
    chosen = [plate for plate in plates if plate.chosen]
    assert [(p.view.hemisphere, p.view.rank) for p in chosen] == [
        (side, rank) for side in 'LR' for rank in (1, 2, 3)
    ]
    assert len(plates) <= 6 + 4
    assert {plate.participant for plate in plates} == {f'5-{PERSON:04d}'}


def test_the_field_of_view_lies_within_a_plate(plates):
    for plate in plates:
        half = np.array(FIELD_OF_VIEW) / 2 / plate.protocol.pixel
        assert plate.tissue.shape == plate.roi.shape
        assert (np.array(plate.view.centre) - half > 0).all()
        assert (np.array(plate.view.centre) + half < np.array(plate.tissue.shape) - 1).all()
        centre = (np.argwhere(plate.roi).min(axis=0) + np.argwhere(plate.roi).max(axis=0)) / 2
        assert np.abs(centre - plate.view.centre).max() < 5 / plate.protocol.pixel


@pytest.mark.parametrize(('requested', 'share'), [(5, 0.8), (15, 0.8), (30, 0.7)])
def test_about_the_requested_number_of_epvs_is_labelled(plate, requested, share):
    counts = [count(expose(plate, np.random.default_rng(n), requested)[1]) for n in range(20)]
    # Some are hidden by neighbours, noise or faint fluid, and are not labelled.
    assert share * requested <= np.mean(counts) <= requested + 1
    assert max(counts) <= requested + 5  # a faint one may be visible in low noise


def test_a_plate_has_many_epvs(plate):
    assert len(plate.spots) > CROWDS[-1] / 2
    assert count(expose(plate, np.random.default_rng(0), CROWDS[-1])[1]) > 30


def test_requested_numbers_are_few_or_many():
    rng = np.random.default_rng(0)
    numbers = [draw_crowds(rng, 5) for _ in range(100)]
    assert {one.shape for one in numbers} == {(2, 5)}
    assert {int(n) for one in numbers for n in one.ravel()} == set(CROWDS)
    assert any(one[0, 0] != one[1, 0] for one in numbers)


def test_almost_no_epvs_are_labelled_if_none_are_requested(plates):
    counts = [count(expose(p, np.random.default_rng(n), 0)[1]) for n, p in enumerate(plates)]
    assert max(counts) <= 3
    assert np.mean(counts) < 1


def test_the_same_generator_gives_the_same_exposure(plate):
    first, second = (expose(plate, np.random.default_rng(4), 12) for _ in range(2))
    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_array_equal(first[1], second[1])
    assert (expose(plate, np.random.default_rng(5), 12)[0] != first[0]).any()


def test_an_exposure_does_not_modify_the_plate(plate):
    tissue, roi = plate.tissue.copy(), plate.roi.copy()
    volumes = [spot.volume.copy() for spot in plate.spots]
    plane, labels = expose(plate, np.random.default_rng(4), 20)
    np.testing.assert_array_equal(plate.tissue, tissue)
    np.testing.assert_array_equal(plate.roi, roi)
    for spot, volume in zip(plate.spots, volumes, strict=True):
        np.testing.assert_array_equal(spot.volume, volume)
    assert plane.shape == labels.shape == tissue.shape


def test_labels_lie_in_the_roi_and_are_bright(plates):
    for seed, plate in enumerate(plates):
        plane, labels = expose(plate, np.random.default_rng(seed), 20)
        inside = labels > 0
        assert np.mean(plate.roi[inside]) > 0.95
        gain = plane - plate.tissue.astype(float)
        assert gain[inside].mean() > 0.2
        assert abs(np.median(gain[plate.roi & ~inside])) < 0.1


def test_fewer_epvs_are_labelled_in_more_noise(plate):
    noisy = replace(plate, protocol=replace(plate.protocol, snr=plate.protocol.snr / 5))
    clear, obscured = (
        np.mean([count(expose(p, np.random.default_rng(n), 30)[1]) for n in range(8)])
        for p in (plate, noisy)
    )
    assert obscured < 0.75 * clear


def test_an_exposure_has_the_protocols_noise(plate):
    still = replace(plate, protocol=replace(plate.protocol, ghost=0.0))
    deviations = []
    for seed in range(30):
        plane, _ = expose(still, np.random.default_rng(seed), 0)
        difference = (plane - plate.tissue.astype(float))[plate.roi]
        deviations.append(1.4826 * np.median(np.abs(difference - np.median(difference))))
    # Each exposure draws its noise around that of the protocol.
    assert np.median(deviations) == pytest.approx(1 / plate.protocol.snr, rel=0.25)
    assert max(deviations) > 1.2 * min(deviations)


def test_a_real_plate_keeps_its_own_noise(recorded):
    for seed, plate in enumerate(recorded):
        assert plate.recorded
        plane, labels = expose(plate, np.random.default_rng(seed), 10)
        assert np.mean(plate.roi[labels > 0]) > 0.95
        outside = ~plate.roi
        extra = np.std((plane - plate.tissue.astype(float))[outside])
        assert extra < 2.2 / plate.protocol.snr


def test_the_same_number_gives_the_same_person(plates):
    again = person_plates(5, PERSON, 'paper')
    for one, two in zip(plates, again, strict=True):
        for field in fields(one):
            if field.name != 'spots':
                np.testing.assert_array_equal(getattr(one, field.name), getattr(two, field.name))
        for a, b in zip(one.spots, two.spots, strict=True):
            np.testing.assert_array_equal(a.volume, b.volume)
