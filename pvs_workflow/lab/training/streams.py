"""Sources of simulated training images: plates that give a new exposure at every draw."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from pvs_workflow.lab.parallel import parallel_map
from pvs_workflow.lab.simulation.backgrounds import Background, draw_scene, read_backgrounds
from pvs_workflow.lab.simulation.exposures import draw_count, expose
from pvs_workflow.lab.simulation.plates import (
    CALIBRES,
    Plate,
    cut_plates,
    draw_crowds,
    person_plates,
)
from pvs_workflow.lab.training.samples import Sample, roi_depth

PAPER_EVERY = 3
"""Every third simulated person has the paper's acquisition."""


@dataclass(frozen=True)
class PlateSource:
    """A plate as a source of samples.

    Attributes
    ----------
    plate : Plate
    depth : (x, y) array of float16
        Distance from the ROI's border in pixels, positive inside.

    """

    plate: Plate
    depth: np.ndarray
    has_masks = True

    @property
    def participant(self) -> str:
        """Participant whose image this is."""
        return self.plate.participant

    @property
    def chosen(self) -> bool:
        """True for one of the participant's six images."""
        return self.plate.chosen

    def draw(self, rng: np.random.Generator) -> Sample:
        """Return an exposure of the plate with a random number of ePVS."""
        plate = self.plate
        plane, labels = expose(plate, rng, draw_count(rng, len(plate.spots)))
        pixel = plate.protocol.pixel
        return Sample(
            participant=plate.participant,
            view=plate.view,
            chosen=plate.chosen,
            plane=plane[..., np.newaxis],
            roi=plate.roi[..., np.newaxis],
            labels=labels[..., np.newaxis],
            affine=np.diag([pixel, pixel, 1.0, 1.0]),
            depth=self.depth.astype(np.float32),
        )


def as_sources(plates: list[Plate]) -> list[PlateSource]:
    """Return plates as sources of samples."""
    return [PlateSource(plate, roi_depth(plate.roi).astype(np.float16)) for plate in plates]


def simulated_sources(
    participants: int,
    seed: int,
    anatomies: tuple[Path, ...] = (),
    n_jobs: int = 1,
    progress: Callable[[int], None] = lambda done: None,
) -> list[PlateSource]:
    """Simulate people to train on, in memory (about 1 MB each).

    Every third person has the paper's acquisition, the others have varied ones.

    Parameters
    ----------
    participants : int
    seed : int
        The same seed gives the same people, independent of their number.
    anatomies : tuple of Path
        Label maps to draw anatomies from.
    n_jobs : int
        Number of processes; does not affect the result.
    progress : callable
        Called after each person with the number of people simulated.

    """
    simulate = partial(_plates, seed=seed, anatomies=tuple(anatomies))
    numbers = range(1, participants + 1)
    simulated = parallel_map(simulate, numbers, n_jobs, 'participant {}'.format, progress)
    return [source for plates in simulated for source in as_sources(plates)]


def background_sources(
    derivatives: Path, variants: int, seed: int, n_jobs: int = 1
) -> list[PlateSource]:
    """Make plates of real T2w: flipped, warped variants with other contrasts.

    Parameters
    ----------
    derivatives : Path
        Results of pvs_workflow on the T2w images.
    variants : int
        Number of variants of each scan.
    seed : int
    n_jobs : int
        Number of processes; does not affect the result.

    Returns
    -------
    list of PlateSource
        ``participant`` is the real person's in all sessions and variants.

    """
    backgrounds = read_backgrounds(derivatives)
    jobs = [(i, v) for i in range(len(backgrounds)) for v in range(variants)]
    cut = partial(_background_plates, backgrounds=backgrounds, seed=seed)
    return [
        source
        for plates in parallel_map(cut, jobs, n_jobs, 'background and variant {}'.format)
        for source in as_sources(plates)
    ]


def _background_plates(
    job: tuple[int, int], backgrounds: list[Background], seed: int
) -> list[Plate]:
    rng = np.random.default_rng([seed, *job])
    background = backgrounds[job[0]]
    scene = draw_scene(rng, background, draw_crowds, rng.uniform(*CALIBRES))
    return cut_plates(rng, f'real-{background.participant}', scene, recorded=True)


def _plates(number: int, seed: int, anatomies: tuple[Path, ...]) -> list[Plate]:
    acquisition = 'varied' if number % PAPER_EVERY else 'paper'
    return person_plates(seed, number, acquisition, anatomies)
