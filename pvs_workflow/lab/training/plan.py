"""Arguments of ``pvs_cascade train`` and the configuration that follows from them."""

from dataclasses import dataclass
from pathlib import Path

from pvs_workflow.errors import PVSError

SHIPPED = Path('shipped')
"""Value of ``--from`` for the cascade that comes with pvs_workflow."""

CALIBRATION_SHARE = 0.5
"""Number of people simulated for calibration, relative to those for training."""

VARIANTS = 4
"""Number of variants of each real background: flipped, warped and with other contrasts."""


@dataclass(frozen=True)
class TrainingPlan:
    """Arguments of ``pvs_cascade train``, one field for each.

    Without ``bids_dir``, participants are simulated.

    Raises
    ------
    PVSError
        If options contradict each other.

    """

    output: Path
    bids_dir: Path | None
    derivatives: Path | None
    masks: Path | None
    ratings: Path | None
    participants: int
    anatomies: Path | None
    backgrounds: Path | None
    start: Path | None
    new_counter: bool
    seed: int
    epochs_enhancer: int | None
    epochs_counter: int | None
    minutes: float | None
    paper_settings: bool
    resume: bool
    n_cpus: int
    name: str
    version_label: str

    def __post_init__(self):
        for name in ('derivatives', 'masks', 'ratings'):
            if getattr(self, name) and not self.bids_dir:
                raise PVSError(f'--{name} needs --bids-dir with the T2w images')
        if self.new_counter and not self.start:
            raise PVSError(
                '--new-counter needs the enhancer of a cascade; add --from (for example '
                f'--from {SHIPPED})'
            )
        if self.ratings and not (self.masks or self.start):
            raise PVSError(
                'ratings alone cannot train the enhancer; start from a cascade (for example '
                f'--from {SHIPPED}) or add ePVS masks with --masks'
            )

    @property
    def checkpoints(self) -> Path:
        """Folder of the checkpoints, from which an interrupted training resumes."""
        return self.output.with_name(f'{self.output.name}_checkpoints')

    @property
    def curves(self) -> Path:
        """File of the figure of the loss curves."""
        return self.output.with_name(f'{self.output.name}_curves.png')

    @property
    def n_calibration(self) -> int:
        """Number of participants to simulate for calibration."""
        return round(CALIBRATION_SHARE * self.participants)

    def config(self):
        """Return the training configuration that follows from the arguments."""
        from pvs_workflow.lab.training.config import FAST, FINE_TUNING, PAPER, RECORDED

        # Simulated images are redrawn in every epoch: FAST suits them also with --from.
        recorded = FINE_TUNING if self.start and not self.new_counter else RECORDED
        config = PAPER if self.paper_settings else recorded if self.bids_dir else FAST
        # With a time limit, PAPER has more epochs than can be reached.
        limits = PAPER if self.minutes else config
        config = config.with_epochs(
            self.epochs_enhancer or limits.enhancer.epochs,
            self.epochs_counter or limits.counter.epochs,
        )
        return config.within(60 * self.minutes) if self.minutes else config
