import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from pvs_workflow.lab.simulation.fields import (
    exponentiate,
    periodic_field,
    sample_function,
    smooth_field,
    stretch,
)


def test_a_smooth_field_has_unit_deviation_up_to_its_edges(rng):
    fields = np.stack([smooth_field(rng, (12, 12, 12), 2.0) for _ in range(200)])
    deviation = fields.std(axis=0)
    assert deviation.mean() == pytest.approx(1, abs=0.03)
    assert deviation[0].mean() == pytest.approx(1, abs=0.05)


def test_a_periodic_field_continues_across_its_faces(rng):
    field = periodic_field(rng, 48, (2.0, 2.0, 2.0))
    inner = np.abs(np.diff(field, axis=0)).mean()
    across = np.abs(field[0] - field[-1]).mean()
    assert across == pytest.approx(inner, rel=0.15)
    assert field.mean() == pytest.approx(0, abs=1e-5)
    assert field.std() == pytest.approx(1, abs=1e-4)


def test_the_opposite_velocity_inverts_the_deformation(rng):
    velocity = np.stack([3 * smooth_field(rng, (30, 30, 30), 4.0) for _ in range(3)])
    forward, backward = exponentiate(velocity, 5.0), exponentiate(-velocity, 5.0)
    index = np.indices(forward.shape[1:])
    points = index + forward / 5.0
    residual = forward + np.stack([map_coordinates(p, points, order=1) for p in backward])
    inner = (slice(None), *(slice(5, -5),) * 3)
    assert np.abs(forward[inner]).max() > 3
    assert np.abs(residual[inner]).max() < 0.2


def test_stretch_reproduces_linear_functions():
    lattice = 3.0 * np.arange(5)[:, None] + 10.0 * np.arange(4)[None]
    full = stretch(lattice, (9, 7), (2.0, 2.5))
    expected = 1.5 * np.arange(9)[:, None] + 4.0 * np.arange(7)[None]
    np.testing.assert_allclose(full, expected, rtol=1e-6)


def test_a_smooth_function_is_sampled_on_an_oblique_grid():
    affine = np.array([[0.6, 0.05, 0, 3], [-0.05, 0.6, 0.1, -4], [0, -0.1, 5, 7], [0, 0, 0, 1]])

    def wave(points):
        return np.sin(points[0] / 20) + points[1] * points[2] / 500

    index = np.indices((40, 30, 5))
    points = np.tensordot(affine[:3, :3], index, 1) + affine[:3, 3].reshape(3, 1, 1, 1)
    sampled = sample_function(wave, (40, 30, 5), affine, 3.0)
    np.testing.assert_allclose(sampled, wave(points), atol=0.01)
