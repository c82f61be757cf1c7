"""Simulated people to test on: six images each, the same people scanned in several ways."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from pvs_workflow.lab.parallel import parallel_map
from pvs_workflow.lab.simulation.acquisition import Protocol, record
from pvs_workflow.lab.simulation.contrasts import sample_structures
from pvs_workflow.lab.simulation.grids import Grid
from pvs_workflow.lab.simulation.lesions import Lesion, draw_lesions
from pvs_workflow.lab.simulation.person import (
    Person,
    cohort_burden,
    detailed_box,
    draw_anatomy,
    draw_person,
)
from pvs_workflow.lab.simulation.scene import Scene
from pvs_workflow.lab.simulation.session import detailed_scene, draw_t2w_grid
from pvs_workflow.lab.training.samples import Sample, volume_samples
from pvs_workflow.science.roi import roi_labels

LACUNE = 'lacune'


@dataclass(frozen=True)
class Shift:
    """How a scan differs from the one that a person was drawn for; None is: not at all.

    Attributes
    ----------
    pixel : float, optional
        In plane, in millimetres.
    thickness : float, optional
        Of the slices, in millimetres.
    snr : float, optional
        Signal of the putamen over the noise's standard deviation.
    lacunes : int, optional
        In and around the basal ganglia of both sides.

    """

    pixel: float | None = None
    thickness: float | None = None
    snr: float | None = None
    lacunes: int | None = None


AS_DRAWN = Shift()


def heldout_images(
    participants: int,
    seed: int,
    acquisition: str,
    anatomies: Sequence[Path] = (),
    shifts: Sequence[Shift] = (AS_DRAWN,),
    n_jobs: int = 1,
    progress: Callable[[int], None] = lambda done: None,
) -> list[list[Sample]]:
    """Simulate people, and scan each of them in several ways.

    Parameters
    ----------
    participants : int
    seed : int
        Same seed, same people: without a shift, those of ``pvs_cascade simulate``, noise apart.
    acquisition : {'paper', 'varied'}
    anatomies : sequence of Path
        Label maps that they may have.
    shifts : sequence of n Shift
    n_jobs : int
        Processes; the result does not depend on it.
    progress : callable
        Called with the number of people done, after each.

    Returns
    -------
    list of n lists of Sample
        For each shift, the six images of every person.

    """
    one = partial(
        person_images,
        seed=seed,
        acquisition=acquisition,
        anatomies=tuple(anatomies),
        shifts=tuple(shifts),
    )
    out: list[list[Sample]] = [[] for _ in shifts]
    numbers = range(1, participants + 1)
    for done, scans in enumerate(
        parallel_map(one, numbers, n_jobs, 'participant {}'.format), start=1
    ):
        for kept, images in zip(out, scans, strict=True):
            kept += images
        progress(done)
    return out


def calibration_images(
    participants: int, seed: int, anatomies: Sequence[Path] = (), n_jobs: int = 1
) -> list[Sample]:
    """Simulate whole people to calibrate on, who look as those that are counted later.

    Parameters
    ----------
    participants : int
        Half of them, and at least one, in the paper's acquisition, half in varied ones.
    seed : int
        Of the training, whose people are others.
    anatomies : sequence of Path
    n_jobs : int

    Returns
    -------
    list of Sample
        Six images of each.

    """
    out = []
    for use, acquisition in enumerate(('paper', 'varied'), start=1):
        number, own = max(1, participants // 2), seed + use
        (found,) = heldout_images(number, own, acquisition, anatomies, n_jobs=n_jobs)
        out += [replace(s, participant=f'{acquisition}-{s.participant}') for s in found]
    return out


def person_images(
    number: int,
    seed: int,
    acquisition: str,
    anatomies: tuple[Path, ...] = (),
    shifts: tuple[Shift, ...] = (AS_DRAWN,),
) -> list[list[Sample]]:
    """Draw one person and scan the surroundings of the basal ganglia, once for each shift.

    The ``number`` is from 1; all else is as in :func:`heldout_images`.
    """
    out = []
    for own, scene in person_scenes(number, seed, acquisition, anatomies, shifts):
        image = record(own, scene.signal(), scene.grid, scene.protocol)
        out.append(six_images(number, scene, image, scene.visible()))
    return out


def person_scenes(
    number: int,
    seed: int,
    acquisition: str,
    anatomies: tuple[Path, ...] = (),
    shifts: tuple[Shift, ...] = (AS_DRAWN,),
) -> Iterator[tuple[np.random.Generator, Scene]]:
    """Draw one person, and yield what lies around the basal ganglia in each scan, before noise.

    With each scene comes the generator for its noise; see :func:`person_images`.
    """
    rng = np.random.default_rng([seed, number])
    t2w = draw_t2w_grid(rng, acquisition)
    anatomy = draw_anatomy(rng, t2w[0], acquisition, anatomies, whole=False)
    person = draw_person(rng, anatomy, t2w, acquisition, cohort_burden(acquisition))
    for index, shift in enumerate(shifts):
        own = np.random.default_rng([seed, number, index])
        yield (
            own,
            detailed_scene(with_lacunes(person, t2w, shift, seed, number), shifted(t2w, shift)),
        )


def six_images(number: int, scene: Scene, image: np.ndarray, labels: np.ndarray) -> list[Sample]:
    """Cut the six images that inference would choose, as recorded, of person ``number``.

    ``labels`` are the ePVS that count, one integer each.
    """
    roi = roi_labels(scene.structures)
    samples = volume_samples(f'{number:04d}', image, roi, labels, scene.grid.affine)
    return [sample for sample in samples if sample.chosen]


def shifted(t2w: tuple[Protocol, Grid], shift: Shift) -> tuple[Protocol, Grid]:
    """Return a protocol and its slices with another resolution or noise.

    The slices keep their angles, the middle of the stack and, about, what they cover.

    Examples
    --------
    >>> protocol = Protocol(pixel=0.5, thickness=5.0, snr=20.0)
    >>> changed, grid = shifted((protocol, Grid((8, 8, 4), np.diag([0.5, 0.5, 5, 1]))),
    ...                         Shift(thickness=2.5))
    >>> changed.thickness, grid.shape, grid.affine[2].tolist()
    (2.5, (8, 8, 8), [0.0, 0.0, 2.5, -1.25])

    """
    protocol, grid = t2w
    wanted = {name: getattr(shift, name) for name in ('pixel', 'thickness', 'snr')}
    new = replace(protocol, **{name: value for name, value in wanted.items() if value})
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
    """Give a person a number of lacunes, in place of those drawn; the first ones stay the same.

    What they cover of an ePVS cannot be counted any more.
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
