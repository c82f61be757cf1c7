"""Simulated people to test on: six images each, the same people scanned in several ways."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from pvs_workflow.lab.parallel import parallel_map
from pvs_workflow.lab.simulation.acquisition import Protocol, record
from pvs_workflow.lab.simulation.grids import Grid
from pvs_workflow.lab.simulation.person import (
    Person,
    cohort_burden,
    draw_anatomy,
    draw_person,
)
from pvs_workflow.lab.simulation.scene import Scene
from pvs_workflow.lab.simulation.session import detailed_scene, draw_t2w_grid
from pvs_workflow.lab.training.samples import Sample, volume_samples
from pvs_workflow.science.roi import roi_labels

Scanning = tuple[Protocol, Grid]
Change = Callable[[Person, Scanning, tuple[int, int]], tuple[Person, Scanning]]


def as_drawn(person: Person, t2w: Scanning, seeds: tuple[int, int]) -> tuple[Person, Scanning]:
    """Change nothing."""
    return person, t2w


def heldout_images(
    participants: int,
    seed: int,
    acquisition: str,
    anatomies: Sequence[Path] = (),
    changes: Sequence[Change] = (as_drawn,),
    n_jobs: int = 1,
    progress: Callable[[int], None] = lambda done: None,
) -> list[list[Sample]]:
    """Simulate people, and scan each of them in several ways.

    Parameters
    ----------
    participants : int
    seed : int
        Same seed, same people: without changes, those of ``pvs_cascade simulate``, noise apart.
    acquisition : {'paper', 'varied'}
    anatomies : sequence of Path
        Label maps that they may have.
    changes : sequence of n callables
        What is different in each scan: each takes a person, a T2w protocol with its grid, and
        the person's seeds, and returns another person, and another protocol with its grid.
    n_jobs : int
        Processes; the result does not depend on it.
    progress : callable
        Called with the number of people done, after each.

    Returns
    -------
    list of n lists of Sample
        For each change, the six images of every person.

    """
    one = partial(
        person_images,
        seed=seed,
        acquisition=acquisition,
        anatomies=tuple(anatomies),
        changes=tuple(changes),
    )
    out: list[list[Sample]] = [[] for _ in changes]
    numbers = range(1, participants + 1)
    for scans in parallel_map(one, numbers, n_jobs, 'participant {}'.format, progress):
        for kept, images in zip(out, scans, strict=True):
            kept += images
    return out


def calibration_images(
    participants: int, seed: int, anatomies: Sequence[Path] = (), n_jobs: int = 1
) -> list[Sample]:
    """Simulate whole people to calibrate on, and return the six images of each.

    Half of the participants, and at least one, are in the paper's acquisition, half in varied
    ones. The seed is that of the training, whose people are others.
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
    changes: Sequence[Change] = (as_drawn,),
) -> list[list[Sample]]:
    """Draw one person and scan the surroundings of the basal ganglia, once for each change.

    The ``number`` is from 1; all else is as in :func:`heldout_images`.
    """
    out = []
    for own, scene in person_scenes(number, seed, acquisition, anatomies, changes):
        image = record(own, scene.signal(), scene.grid, scene.protocol)
        out.append(six_images(number, scene, image, scene.visible()))
    return out


def person_scenes(
    number: int,
    seed: int,
    acquisition: str,
    anatomies: tuple[Path, ...] = (),
    changes: Sequence[Change] = (as_drawn,),
) -> Iterator[tuple[np.random.Generator, Scene]]:
    """Draw one person, and yield what lies around the basal ganglia in each scan, before noise.

    With each scene comes the generator for its noise; see :func:`person_images`.
    """
    rng = np.random.default_rng([seed, number])
    t2w = draw_t2w_grid(rng, acquisition)
    anatomy = draw_anatomy(rng, t2w[0], acquisition, anatomies, whole=False)
    person = draw_person(rng, anatomy, t2w, acquisition, cohort_burden(acquisition))
    for index, change in enumerate(changes):
        own = np.random.default_rng([seed, number, index])
        yield own, detailed_scene(*change(person, t2w, (seed, number)))


def six_images(number: int, scene: Scene, image: np.ndarray, labels: np.ndarray) -> list[Sample]:
    """Cut the six images that inference would choose, as recorded, of person ``number``.

    ``labels`` are the ePVS that count, one integer each.
    """
    roi = roi_labels(scene.structures)
    samples = volume_samples(f'{number:04d}', image, roi, labels, scene.grid.affine)
    return [sample for sample in samples if sample.chosen]
