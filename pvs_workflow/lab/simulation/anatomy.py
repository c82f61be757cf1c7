"""Individual anatomy: the shape and the tissue of a person."""

from dataclasses import dataclass

import numpy as np
from scipy.special import log_ndtr

from pvs_workflow.lab.simulation.fields import exponentiate, periodic_field, smooth_field
from pvs_workflow.lab.simulation.grids import rigid
from pvs_workflow.lab.simulation.template import Channel

LATTICE = 5.0  # spacing of the deformation lattice, mm
_CORNER = np.array([-105.0, -140.0, -85.0])  # of the lattice, mm; it covers head and some air
_EXTENT = np.array([210.0, 250.0, 205.0])  # mm
BLOCK = 112
"""Edge length of the periodic texture, voxels of `GRAIN` mm."""
GRAIN = 0.6
"""Voxel size of the texture, mm: about the finest detail that a T2w of 0.45 mm resolves."""


@dataclass(frozen=True)
class Shape:
    """Transform from a person's space to the template: a deformation, then an affine map.

    Attributes
    ----------
    affine : (4, 4) array
        Applied last; mm to mm.
    displacement : (3, x, y, z) array
        In mm, on a lattice of `LATTICE` mm.

    """

    affine: np.ndarray
    displacement: np.ndarray

    def to_template(self, points: np.ndarray) -> np.ndarray:
        """Map (3, …) positions from the person's space to the template, mm."""
        lattice = _lattice_affine()
        moved = points + np.stack(
            [Channel(component, lattice).sample(points) for component in self.displacement]
        )
        return np.tensordot(self.affine[:3, :3], moved, 1) + self.affine[:3, 3].reshape(
            [3] + [1] * (moved.ndim - 1)
        )


@dataclass(frozen=True)
class Tissue:
    """Tissue of a person, as deviations from the average.

    Attributes
    ----------
    texture : (n, n, n) array
        Periodic fine texture, as a fraction of the tissue signal.
    folds : (n, n, n) array
        Log odds of the rank of each point in a random field; lowest along the sulci.
    contrast : float
        Exponent of the ratios of tissue signals; 1 keeps the average's contrast.
    iron : float
        Signal loss in the pallidum in T2w, as a fraction.
    fluid : float
        Signal of cerebrospinal fluid in T2w, in multiples of the putamen's.

    """

    texture: np.ndarray
    folds: np.ndarray
    contrast: float
    iron: float
    fluid: float


def draw_shape(rng: np.random.Generator, ventricles: Channel) -> Shape:
    """Draw an individual shape.

    It combines a small rotation, scaling and shear of a few percent, a diffeomorphism with
    displacements of a few mm, and a widening of the ventricles. ``ventricles`` is their smoothed
    mask.
    """
    affine = rigid(rng.normal(0, 1.5, 3), rng.normal(0, 1.5, 3))
    zooms = 1 / (rng.normal(1, 0.03) * rng.normal(1, 0.025, 3))
    shears = np.eye(3)
    shears[np.triu_indices(3, 1)] = rng.normal(0, 0.015, 3)
    affine[:3, :3] = affine[:3, :3] @ shears @ np.diag(np.clip(zooms, 0.88, 1.14))
    size = tuple((_EXTENT / LATTICE).astype(int) + 1)
    velocity = np.stack(
        [
            rng.uniform(2.0, 3.5) * smooth_field(rng, size, 20 / LATTICE)
            + rng.uniform(0.5, 1.1) * smooth_field(rng, size, 9 / LATTICE)
            for _ in range(3)
        ]
    )
    pull = np.stack(np.gradient(_on_lattice(ventricles, size), LATTICE))
    # Points map towards the template's ventricles, which makes the person's ventricles wider.
    velocity += rng.gamma(1.5, 22.0) * pull
    return Shape(affine, exponentiate(velocity, LATTICE))


def draw_tissue(
    rng: np.random.Generator, varied: bool, fluid: float, averaged: bool = True
) -> Tissue:
    """Draw a person's tissue.

    Parameters
    ----------
    rng : numpy.random.Generator
    varied : bool
        Whether contrasts vary between scanners, not only between people.
    fluid : float
        Signal of fluid in T2w, in multiples of the putamen's.
    averaged : bool
        Whether the anatomy is the averaged template, whose contrast is then varied. Label maps
        have contrasts of their own.

    """
    spread = 2.0 if varied else 1.0
    # Fibres and vessels that run upwards through the striatum survive the averaging of a slice.
    grain = periodic_field(rng, BLOCK, (*rng.uniform(0.4, 0.9, 2), rng.uniform(0.5, 3.0)))
    mottle = periodic_field(rng, BLOCK, tuple(rng.uniform(1.5, 4.0, 3)))
    sheets = np.abs(periodic_field(rng, BLOCK, (3.5, 3.5, 5.0)))
    levels = rng.uniform([0.02, 0.01], [0.04 + 0.02 * spread, 0.02 + 0.01 * spread])
    return Tissue(
        texture=(levels[0] * grain + levels[1] * mottle).astype(np.float32),
        folds=_log_odds_of_rank(sheets),
        contrast=float(np.clip(rng.normal(1.1, 0.1 * spread), 0.6, 1.6)) if averaged else 1.0,
        iron=float(np.clip(rng.normal(0.04, 0.04 * spread), -0.08, 0.25)) if averaged else 0.0,
        fluid=fluid,
    )


def _log_odds_of_rank(magnitude: np.ndarray) -> np.ndarray:
    """Return the log odds of the rank of half-normal values, limited to ±5.3 (0.5 %)."""
    above = np.log(2) + log_ndtr(-magnitude)
    with np.errstate(divide='ignore'):
        odds = np.log(-np.expm1(above)) - above
    return np.clip(odds, -5.3, 5.3).astype(np.float32)


def _lattice_affine() -> np.ndarray:
    affine = np.diag([LATTICE, LATTICE, LATTICE, 1.0])
    affine[:3, 3] = _CORNER
    return affine


def _on_lattice(channel: Channel, size: tuple[int, int, int]) -> np.ndarray:
    index = np.indices(size, dtype=float)
    return channel.sample(index * LATTICE + _CORNER.reshape(3, 1, 1, 1))
