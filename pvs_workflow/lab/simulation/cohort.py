"""Simulated cohorts, with a separate stream of random numbers for each participant."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import numpy as np

from pvs_workflow.lab.parallel import parallel_map
from pvs_workflow.lab.simulation.acquisition import GAIN, draw_protocol
from pvs_workflow.lab.simulation.backgrounds import Background, draw_scene, read_backgrounds
from pvs_workflow.lab.simulation.dataset import start_dataset, write_session
from pvs_workflow.lab.simulation.person import (
    cohort_burden,
    draw_anatomy,
    draw_person,
    draw_source,
)
from pvs_workflow.lab.simulation.session import (
    CONTRASTS,
    Session,
    SimulatedScan,
    count_images,
    draw_t2w_grid,
    scan_session,
)
from pvs_workflow.science.roi import roi_labels

ACQUISITIONS = ('paper', 'varied')


@dataclass(frozen=True)
class Sources:
    """Sources of simulated participants in addition to the shipped template.

    Attributes
    ----------
    anatomies : tuple of Path
        Label maps; each participant is made from one of them or from the template.
    backgrounds : Path or None
        Results of pvs_workflow on real T2w; ePVS are implanted in each scan in turn.

    """

    anatomies: tuple[Path, ...] = ()
    backgrounds: Path | None = None

    @property
    def origin(self) -> str:
        """Source of the images, as in the dataset's description."""
        if self.backgrounds is not None:
            return 'backgrounds'
        return 'anatomies' if self.anatomies else 'template'


NO_SOURCES = Sources()


def simulate_participant(
    seed: int,
    number: int,
    acquisition: str,
    contrasts: tuple[str, ...],
    anatomies: tuple[Path, ...] = (),
) -> Session:
    """Simulate one participant's only session.

    Parameters
    ----------
    seed : int
    number : int
        Counted from 1. A participant depends on ``seed`` and ``number`` only.
    acquisition : {'paper', 'varied'}
    contrasts : tuple of {'T2w', 'T1w', 'FLAIR'}
        The T2w does not depend on the other contrasts.
    anatomies : tuple of Path
        Label maps; the participant is made from one of them or from the template.

    """
    rng = np.random.default_rng([seed, number])
    t2w = draw_t2w_grid(rng, acquisition)
    anatomy = draw_anatomy(rng, t2w[0], acquisition, anatomies)
    person = draw_person(rng, anatomy, t2w, acquisition, cohort_burden(acquisition))
    others = {
        contrast: draw_protocol(rng, acquisition, contrast)
        for contrast in CONTRASTS
        if contrast != 'T2w'
    }
    protocols = {contrast: others[contrast] for contrast in others if contrast in contrasts}
    return scan_session(rng, person, t2w, protocols)


def anatomy_names(
    seed: int, participants: int, acquisition: str, anatomies: tuple[Path, ...]
) -> list[str]:
    """Return the source of each participant: the name of a label map, or ``template``.

    This repeats the first draws of :func:`simulate_participant`.
    """
    names = []
    for number in range(1, participants + 1):
        rng = np.random.default_rng([seed, number])
        protocol, _ = draw_t2w_grid(rng, acquisition)
        _, path = draw_source(rng, protocol, acquisition, anatomies)
        names.append(path.name.split('.')[0] if path else 'template')
    return names


def implant_participant(
    seed: int, number: int, acquisition: str, background: Background
) -> Session:
    """Implant ePVS in a real T2w of a whole head, and return a session of that T2w only.

    Like :func:`simulate_participant`, but ``acquisition`` selects the distribution of counts
    only; the protocol is that of the real scan.
    """
    rng = np.random.default_rng([seed, number])
    scene = draw_scene(rng, background, cohort_burden(acquisition))
    data = np.clip(np.round(scene.signal() * GAIN), 0, 4095).astype(np.uint16)
    roi, epvs = roi_labels(scene.structures), scene.visible()
    scan = SimulatedScan(data, background.affine, np.eye(4), scene.protocol)
    return Session({'T2w': scan}, scene.structures, roi, epvs, count_images(roi, epvs))


def simulate_cohort(
    out: Path,
    participants: int,
    seed: int,
    acquisition: str = 'paper',
    contrasts: tuple[str, ...] = CONTRASTS,
    n_jobs: int = 1,
    progress: Callable[[int], None] = lambda done: None,
    sources: Sources = NO_SOURCES,
) -> Path:
    """Write a BIDS dataset of simulated participants, with the truth in ``derivatives/truth``.

    Parameters
    ----------
    out : Path
        Folder of the dataset; it is created.
    participants : int
    seed : int
        Participant *n* of a seed does not depend on the number of participants.
    acquisition : {'paper', 'varied'}
        The paper's T2w protocol and distribution of grades, or varied clinical T2w protocols
        and equally likely counts, for training.
    contrasts : tuple of {'T2w', 'T1w', 'FLAIR'}
        Contrasts to write; T2w is always written.
    n_jobs : int
        Number of processes; does not affect the result.
    progress : callable
        Called after each participant with the number done.
    sources : Sources
        Anatomies or backgrounds in addition to the shipped template.

    Returns
    -------
    Path
        ``out``.

    Raises
    ------
    ValueError
        If an argument is out of range.
    OutputError
        If the dataset cannot be written.

    """
    if acquisition not in ACQUISITIONS:
        raise ValueError(f'unknown acquisition {acquisition!r}; choose from {ACQUISITIONS}')
    if not set(contrasts) <= set(CONTRASTS):
        raise ValueError(f'unknown contrasts in {contrasts!r}; choose from {CONTRASTS}')
    if participants < 1 or n_jobs < 1 or seed < 0:
        raise ValueError(
            f'participants ({participants}) and n_jobs ({n_jobs}) must be at least 1, and seed '
            f'({seed}) at least 0'
        )
    out = Path(out)
    labels = [f'{number:04d}' for number in range(1, participants + 1)]
    names = None
    if sources.origin == 'anatomies':
        names = anatomy_names(seed, participants, acquisition, sources.anatomies)
    start_dataset(out, labels, seed, acquisition, origin=sources.origin, anatomies=names)
    simulate = partial(
        _simulate_and_write,
        out,
        seed=seed,
        acquisition=acquisition,
        contrasts=tuple(contrasts),
        sources=sources,
    )
    numbers = range(1, participants + 1)
    for _ in parallel_map(simulate, numbers, n_jobs, 'participant {}'.format, progress):
        pass
    return out


def _simulate_and_write(out, number, seed, acquisition, contrasts, sources: Sources) -> int:
    if sources.backgrounds is not None:
        backgrounds = _whole_backgrounds(sources.backgrounds)
        background = backgrounds[(number - 1) % len(backgrounds)]
        session = implant_participant(seed, number, acquisition, background)
    else:
        anatomies = sources.anatomies
        session = simulate_participant(seed, number, acquisition, contrasts, anatomies)
    write_session(out, f'{number:04d}', None, session)
    return number


@lru_cache(maxsize=1)
def _whole_backgrounds(derivatives: Path) -> list[Background]:
    return read_backgrounds(derivatives, whole=True)
