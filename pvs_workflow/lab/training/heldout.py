"""Simulated test images: six of each person, scanned under one or several conditions."""

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


def unchanged(person: Person, t2w: Scanning, seeds: tuple[int, int]) -> tuple[Person, Scanning]:
    """Return person and T2w protocol unchanged."""
    return person, t2w


def heldout_images(
    participants: int,
    seed: int,
    acquisition: str,
    anatomies: Sequence[Path] = (),
    changes: Sequence[Change] = (unchanged,),
    n_jobs: int = 1,
    progress: Callable[[int], None] = lambda done: None,
) -> list[list[Sample]]:
    """Simulate people and scan each of them under several conditions.

    Parameters
    ----------
    participants : int
    seed : int
        The same seed gives the same people: without changes, those of ``pvs_cascade simulate``,
        except for noise.
    acquisition : {'paper', 'varied'}
    anatomies : sequence of Path
        Label maps to draw anatomies from.
    changes : sequence of n callables
        Condition of each scan. Each takes a person, a T2w protocol with its grid, and the
        person's seeds, and returns the changed person, protocol and grid.
    n_jobs : int
        Number of processes; does not affect the result.
    progress : callable
        Called after each person with the number of people simulated.

    Returns
    -------
    list of n lists of Sample
        For each change, the six images of every person.

    """
    simulate = partial(
        person_images,
        seed=seed,
        acquisition=acquisition,
        anatomies=tuple(anatomies),
        changes=tuple(changes),
    )
    out: list[list[Sample]] = [[] for _ in changes]
    numbers = range(1, participants + 1)
    for scans in parallel_map(simulate, numbers, n_jobs, 'participant {}'.format, progress):
        for samples, images in zip(out, scans, strict=True):
            samples += images
    return out


def calibration_images(
    participants: int, seed: int, anatomies: Sequence[Path] = (), n_jobs: int = 1
) -> list[Sample]:
    """Simulate people to calibrate on, and return the six images of each.

    Half of them (at least one) have the paper's acquisition, half have varied ones. The seed is
    that of the training, which simulates other people from it.
    """
    out = []
    for offset, acquisition in enumerate(('paper', 'varied'), start=1):
        number = max(1, participants // 2)
        (samples,) = heldout_images(number, seed + offset, acquisition, anatomies, n_jobs=n_jobs)
        out += [replace(s, participant=f'{acquisition}-{s.participant}') for s in samples]
    return out


def person_images(
    number: int,
    seed: int,
    acquisition: str,
    anatomies: tuple[Path, ...] = (),
    changes: Sequence[Change] = (unchanged,),
) -> list[list[Sample]]:
    """Draw one person and scan the surroundings of the basal ganglia, once for each change.

    Numbers start at 1; the other parameters are those of :func:`heldout_images`.
    """
    out = []
    for noise_rng, scene in person_scenes(number, seed, acquisition, anatomies, changes):
        image = record(noise_rng, scene.signal(), scene.grid, scene.protocol)
        out.append(six_images(number, scene, image, scene.visible()))
    return out


def person_scenes(
    number: int,
    seed: int,
    acquisition: str,
    anatomies: tuple[Path, ...] = (),
    changes: Sequence[Change] = (unchanged,),
) -> Iterator[tuple[np.random.Generator, Scene]]:
    """Draw one person, and yield each scan's noise-free scene around the basal ganglia.

    The generator for its noise comes first; see :func:`person_images`.
    """
    rng = np.random.default_rng([seed, number])
    t2w = draw_t2w_grid(rng, acquisition)
    anatomy = draw_anatomy(rng, t2w[0], acquisition, anatomies, whole=False)
    person = draw_person(rng, anatomy, t2w, acquisition, cohort_burden(acquisition))
    for index, change in enumerate(changes):
        noise_rng = np.random.default_rng([seed, number, index])
        yield noise_rng, detailed_scene(*change(person, t2w, (seed, number)))


def six_images(number: int, scene: Scene, image: np.ndarray, labels: np.ndarray) -> list[Sample]:
    """Cut the six images of person ``number`` that inference would choose.

    ``labels`` are the ePVS to count, one integer each.
    """
    roi = roi_labels(scene.structures)
    samples = volume_samples(f'{number:04d}', image, roi, labels, scene.grid.affine)
    return [sample for sample in samples if sample.chosen]
