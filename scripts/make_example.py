"""Make ``bids_examples/template``: two small simulated participants and their truth.

Usage: python scripts/make_example.py [OUT]

sub-01 has two sessions with T2w, T1w and FLAIR. They show the same head and the same perivascular
spaces, in another position and with new noise. sub-02 has no sessions and no T1w, and many more
perivascular spaces on the left than on the right.
"""

import shutil
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pvs_workflow.lab.simulation.acquisition import draw_movement, draw_protocol
from pvs_workflow.lab.simulation.compact import compact_session
from pvs_workflow.lab.simulation.dataset import start_dataset, write_session
from pvs_workflow.lab.simulation.person import cohort_burden, draw_anatomy, draw_person
from pvs_workflow.lab.simulation.session import Session, draw_t2w_grid, scan_session

SEED = 2024
TILT = 4.0
"""Spread of the tilt of the T2w's slices, degrees; makes the example's affines oblique."""
CHANGES = {'T1w': {'snr': 30.0, 'coverage': 150.0}, 'FLAIR': {'thickness': 3.0}}
"""Changes that keep the files small: less noise, less neck, and a third of the slices."""
OUT = Path(__file__).parents[1] / 'bids_examples' / 'template'
NOTES = (
    'sub-01 was scanned twice: the same head and the same perivascular spaces, in another '
    'position and with new noise. sub-02 has no T1w, and more perivascular spaces on the left '
    'than on the right. Air is 0, the field of view is cropped to the head, and intensities '
    'have eight bits, to keep the example small. The FLAIR has slices of 3 mm. Made by '
    'scripts/make_example.py.'
)


@dataclass(frozen=True)
class Plan:
    """Plan of one participant of the example.

    Attributes
    ----------
    label : str
    sessions : tuple of (str or None)
    contrasts : tuple of str
        Contrasts in addition to the T2w.
    level : float
        Burden, as a quantile of the paper's people.
    tilt : float
        Excess burden on the left over the right, standard deviations.

    """

    label: str
    sessions: tuple[str | None, ...]
    contrasts: tuple[str, ...]
    level: float
    tilt: float


PLANS = (
    Plan('01', ('1', '2'), ('T1w', 'FLAIR'), level=0.72, tilt=0.0),
    Plan('02', (None,), ('FLAIR',), level=0.9, tilt=1.6),
)


def simulate(plan: Plan) -> list[Session]:
    """Simulate a participant's sessions, before compaction."""
    rng = np.random.default_rng([SEED, int(plan.label)])
    protocol, grid = draw_t2w_grid(rng, 'paper', TILT)
    anatomy = draw_anatomy(rng, protocol, 'paper')
    burden = cohort_burden('paper', plan.level, plan.tilt)
    person = draw_person(rng, anatomy, (protocol, grid), 'paper', burden)
    sessions = []
    for number in range(len(plan.sessions)):
        if number > 0:
            # A radiographer places the slices similarly each time, not identically.
            protocol = draw_protocol(rng, 'paper', 'T2w')
            grid = grid.moved(draw_movement(rng))
        others = {name: draw_protocol(rng, 'paper', name) for name in plan.contrasts}
        others = {name: replace(protocol, **CHANGES[name]) for name, protocol in others.items()}
        sessions.append(scan_session(rng, person, (protocol, grid), others))
    return sessions


def main(out: Path) -> None:
    """Write the example dataset, replacing any previous one."""
    shutil.rmtree(out, ignore_errors=True)
    start_dataset(out, [plan.label for plan in PLANS], SEED, 'paper', NOTES)
    for plan in PLANS:
        for label, session in zip(plan.sessions, simulate(plan), strict=True):
            write_session(out, plan.label, label, compact_session(session), compression=9)


if __name__ == '__main__':
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else OUT)
