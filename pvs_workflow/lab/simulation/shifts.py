"""Scans of a simulated person with another resolution, noise or number of lacunes."""

from dataclasses import dataclass, replace

import numpy as np

from pvs_workflow.lab.simulation.acquisition import Protocol
from pvs_workflow.lab.simulation.contrasts import sample_structures
from pvs_workflow.lab.simulation.grids import Grid
from pvs_workflow.lab.simulation.lesions import Lesion, draw_lesions
from pvs_workflow.lab.simulation.person import Person, detailed_box

LACUNE = 'lacune'


@dataclass(frozen=True)
class Shift:
    """Changes of a scan from the one that a person was drawn for; None keeps a value.

    Attributes
    ----------
    pixel : float, optional
        Pixel size in plane, mm.
    thickness : float, optional
        Slice spacing, mm.
    snr : float, optional
        Signal of the putamen divided by the standard deviation of the noise.
    lacunes : int, optional
        Number of lacunes in and around the basal ganglia.

    """

    pixel: float | None = None
    thickness: float | None = None
    snr: float | None = None
    lacunes: int | None = None

    def __call__(
        self, person: Person, t2w: tuple[Protocol, Grid], seeds: tuple[int, int]
    ) -> tuple[Person, tuple[Protocol, Grid]]:
        """Return the person and the T2w protocol and grid of the changed scan."""
        return with_lacunes(person, t2w, self, *seeds), shift_protocol(t2w, self)


def shift_protocol(t2w: tuple[Protocol, Grid], shift: Shift) -> tuple[Protocol, Grid]:
    """Return a protocol and its grid with another resolution or noise.

    Slice angles and the centre of the stack do not change; its extent changes little.

    Examples
    --------
    >>> protocol = Protocol(pixel=0.5, thickness=5.0, snr=20.0)
    >>> changed, grid = shift_protocol((protocol, Grid((8, 8, 4), np.diag([0.5, 0.5, 5, 1]))),
    ...                         Shift(thickness=2.5))
    >>> changed.thickness, grid.shape, grid.affine[2].tolist()
    (2.5, (8, 8, 8), [0.0, 0.0, 2.5, -1.25])

    """
    protocol, grid = t2w
    values = {name: getattr(shift, name) for name in ('pixel', 'thickness', 'snr')}
    new = replace(protocol, **{name: value for name, value in values.items() if value})
    ratio = np.array([new.pixel, new.pixel, new.thickness])
    ratio = ratio / [protocol.pixel, protocol.pixel, protocol.thickness]
    shape = tuple(max(round(n / r), 1) for n, r in zip(grid.shape, ratio, strict=True))
    middle = grid.affine @ [*((np.array(grid.shape) - 1) / 2), 1]
    affine = grid.affine @ np.diag([*ratio, 1])
    affine[:3, 3] = middle[:3] - affine[:3, :3] @ ((np.array(shape) - 1) / 2)
    return new, Grid(shape, affine)


def with_lacunes(
    person: Person, t2w: tuple[Protocol, Grid], shift: Shift, seed: int, number: int
) -> Person:
    """Replace the lacunes of a person by the number in ``shift``.

    The first lacunes are the same for every number. They hide the ePVS that they cover.
    """
    if shift.lacunes is None:
        return person
    _, detail = detailed_box(person.template, person.shape, t2w[1])
    structures = sample_structures(person.template, person.shape, detail)
    rng = np.random.default_rng([seed, number, 0, 1])
    lacunes: list[Lesion] = []
    while len(lacunes) < shift.lacunes:
        drawn = draw_lesions(rng, structures, detail, 'varied')
        lacunes += [lesion for lesion in drawn if lesion.kind == LACUNE]
    others = [lesion for lesion in person.lesions if lesion.kind != LACUNE]
    return replace(person, lesions=(*others, *lacunes[: shift.lacunes]))
