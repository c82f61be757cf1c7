import numpy as np
import pytest

from pvs_workflow.lab.simulation.acquisition import Protocol, draw_grid
from pvs_workflow.lab.simulation.lesions import Lesion
from pvs_workflow.lab.simulation.person import Person
from pvs_workflow.lab.simulation.shifts import Shift, shift_protocol, with_lacunes

PROTOCOL = Protocol(pixel=0.573, thickness=5.0, snr=20.0)


@pytest.fixture
def t2w():
    return PROTOCOL, draw_grid(np.random.default_rng(0), PROTOCOL, 2.5)


def centre(grid):
    return (grid.affine @ [*((np.array(grid.shape) - 1) / 2), 1])[:3]


def test_no_shift_changes_nothing(t2w):
    protocol, grid = shift_protocol(t2w, Shift())
    assert protocol == PROTOCOL
    assert grid.shape == t2w[1].shape
    assert np.allclose(grid.affine, t2w[1].affine)


@pytest.mark.parametrize('shift', [Shift(pixel=0.4), Shift(pixel=1.0), Shift(thickness=2.5)])
def test_the_new_grid_covers_the_same_region(t2w, shift):
    protocol, grid = shift_protocol(t2w, shift)
    assert np.allclose(grid.sizes, [protocol.pixel, protocol.pixel, protocol.thickness])
    assert np.allclose(centre(grid), centre(t2w[1]))
    extents = (np.array(g.shape) * g.sizes for g in (grid, t2w[1]))
    assert np.abs(np.subtract(*extents)).max() < 5


def test_a_shift_of_noise_does_not_change_the_grid(t2w):
    protocol, grid = shift_protocol(t2w, Shift(snr=8.0))
    assert (protocol.snr, protocol.pixel) == (8.0, PROTOCOL.pixel)
    assert np.allclose(grid.affine, t2w[1].affine)


def test_a_person_gets_the_requested_number_of_lacunes(t2w, monkeypatch):
    def draw(rng, structures, detail, acquisition):
        kinds = rng.choice(['lacune', 'flow void'], 3)
        return [Lesion(str(kind), rng.random(3), np.eye(3), {}) for kind in kinds]

    module = 'pvs_workflow.lab.simulation.shifts.'
    monkeypatch.setattr(module + 'draw_lesions', draw)
    monkeypatch.setattr(module + 'detailed_box', lambda *a: ((0, 0, 0), t2w[1]))
    monkeypatch.setattr(module + 'sample_structures', lambda *a: None)
    drawn = tuple(Lesion(k, np.zeros(3), np.eye(3), {}) for k in ('lacune', 'mineralisation'))
    person = Person(None, None, None, drawn, ())
    assert with_lacunes(person, t2w, Shift(), 1, 2) is person
    few, many = (with_lacunes(person, t2w, Shift(lacunes=n), 1, 2).lesions for n in (2, 7))
    assert [lesion.kind for lesion in few] == ['mineralisation', 'lacune', 'lacune']
    assert len(many) == 8
    assert np.array_equal(few[1].centre, many[1].centre)
    assert drawn == person.lesions
