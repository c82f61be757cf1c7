"""One person's anatomy: an individual shape and individual tissue."""

from dataclasses import dataclass

import numpy as np
from scipy.special import log_ndtr

from pvs_workflow.lab.simulation.fields import exponentiate, periodic_field, smooth_field
from pvs_workflow.lab.simulation.grids import rigid
from pvs_workflow.lab.simulation.template import Channel

LATTICE = 5.0  # mm between the points of a deformation
_CORNER = np.array([-105.0, -140.0, -85.0])  # of the lattice; the head and some air lie inside
_EXTENT = np.array([210.0, 250.0, 205.0])
BLOCK = 112
"""Edge of the periodic texture, in voxels of `GRAIN`."""
GRAIN = 0.6
"""Voxel of the texture in millimetres: the finest detail that a T2w of 0.45 mm can show."""


@dataclass(frozen=True)
class Shape:
    """How a person's space maps to the template's: a deformation, then an affine map.

    Attributes
    ----------
    affine : (4, 4) array
        Applied last, millimetres to millimetres.
    displacement : (3, x, y, z) array
        In millimetres, on a lattice of `LATTICE` mm.

    """

    affine: np.ndarray
    displacement: np.ndarray

    def to_template(self, points: np.ndarray) -> np.ndarray:
        """Map (3, …) millimetres in the person to the template."""
        lattice = _lattice_affine()
        moved = points + np.stack(
            [Channel(part, lattice).sample(points) for part in self.displacement]
        )
        return np.tensordot(self.affine[:3, :3], moved, 1) + self.affine[:3, 3].reshape(
            [3] + [1] * (moved.ndim - 1)
        )


@dataclass(frozen=True)
class Tissue:
    """What makes one person's tissue differ from the average.

    Attributes
    ----------
    texture : (n, n, n) array
        Periodic fine texture, as a fraction of the tissue's signal.
    folds : (n, n, n) array
        Where the sulci run: log odds of the rank of each point among all; lowest on thin sheets.
    contrast : float
        Exponent on the ratio of tissue signals; 1 is the average's contrast.
    iron : float
        Signal that the pallidum lacks in T2w, as a fraction.
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

    It has rotation, scale and shear of a few percent, a diffeomorphism with displacements of a few
    millimetres, and ventricles of individual size, of which a smoothed mask is given.
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
    # Towards the ventricles in template space: what the person shows there is a wider ventricle.
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
        Whether contrasts vary as between scanners, not only as between people.
    fluid : float
        Signal of fluid in T2w, in multiples of the putamen's.
    averaged : bool
        Whether the anatomy comes from the template's averages, whose contrast is then varied; a
        label map is given its own.

    """
    spread = 2.0 if varied else 1.0
    # The fibres and vessels that run upwards through the striatum outlast a slice's averaging.
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
    """Return the log odds of a half-normal variable's rank, limited to ±5.3 (0.5 %)."""
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
