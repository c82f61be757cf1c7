"""Everything that one training is asked for."""

from dataclasses import dataclass
from pathlib import Path

from pvs_workflow.errors import PVSError

SHIPPED = Path('shipped')
"""Name of the cascade that comes with pvs_workflow, where a cascade to start from is asked for."""

OTHERS = 0.5
"""People who are simulated to calibrate on, over those to train on."""

VARIANTS = 4
"""Of each real background: flipped, warped and with other contrasts."""


@dataclass(frozen=True)
class TrainingPlan:
    """What ``pvs_cascade train`` is asked for; a field for each argument.

    Without ``bids_dir``, people are simulated.

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
                raise PVSError(
                    f'--{name} cannot be used alone, expected --bids-dir with the T2w, received '
                    'none'
                )
        if self.new_counter and not self.start:
            raise PVSError(
                '--new-counter cannot be used alone, expected --from with the cascade whose '
                'enhancer stays ("shipped"), received none'
            )
        if self.ratings and not (self.masks or self.start):
            raise PVSError(
                'ratings alone cannot train the enhancer, expected --from with a cascade to '
                'start from ("shipped") or --masks with ePVS masks, received neither'
            )

    @property
    def checkpoints(self) -> Path:
        """The folder in which an interrupted training is kept."""
        return self.output.with_name(f'{self.output.name}_checkpoints')

    @property
    def curves(self) -> Path:
        """The drawing of the losses."""
        return self.output.with_name(f'{self.output.name}_curves.png')

    @property
    def others(self) -> int:
        """Number of people to simulate for the calibration."""
        return round(OTHERS * self.participants)

    def config(self):
        """Return the recipe that was asked for."""
        from pvs_workflow.lab.training.config import FAST, FINE, OWN, PAPER

        # Plates are exposed anew each time they are drawn, from a cascade or from the beginning.
        own = FINE if self.start and not self.new_counter else OWN
        config = PAPER if self.paper_settings else own if self.bids_dir else FAST
        longest = PAPER if self.minutes else config
        config = config.with_epochs(
            self.epochs_enhancer or longest.enhancer.epochs,
            self.epochs_counter or longest.counter.epochs,
        )
        return config.within(60 * self.minutes) if self.minutes else config
