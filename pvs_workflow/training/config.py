"""How a cascade is trained."""

from dataclasses import asdict, dataclass, field, replace

from pvs_workflow.networks.enhancer import WIDTH
from pvs_workflow.networks.optimise import Schedule
from pvs_workflow.science.intensity import Preprocessing
from pvs_workflow.training.augment import Augmentation

ENHANCER_SHARE = 0.55
"""Of a time limit; the counter gets the rest."""


@dataclass(frozen=True)
class TrainingConfig:
    """How a cascade is trained.

    Attributes
    ----------
    enhancer, counter : Schedule
    width : int
        Filters of the enhancer's first level.
    validation, calibration : float
        Shares of the participants that choose the best epoch, and that give the intervals.
    preprocessing : Preprocessing
    augmentation : Augmentation
    coverage : float
        Of the intervals.
    refresh : int
        Epochs of the counter for which enhanced variations are kept.

    """

    enhancer: Schedule
    counter: Schedule
    width: int = WIDTH
    validation: float = 0.1
    calibration: float = 0.15
    preprocessing: Preprocessing = field(default_factory=Preprocessing)
    augmentation: Augmentation = field(default_factory=Augmentation)
    coverage: float = 0.9
    refresh: int = 3

    def within(self, seconds: float) -> 'TrainingConfig':
        """Return a copy that stops after a wall time."""
        return replace(
            self,
            enhancer=replace(self.enhancer, seconds=ENHANCER_SHARE * seconds),
            counter=replace(self.counter, seconds=(1 - ENHANCER_SHARE) * seconds),
        )

    def to_card(self) -> dict:
        """Return plain values for a card, which has the preprocessing elsewhere."""
        values = asdict(self)
        del values['preprocessing']
        return values


FAST = TrainingConfig(Schedule(24, 1e-3, batch=16), Schedule(60, 1e-3, batch=32))
"""About an hour on two cores for 120 participants."""

PAPER = TrainingConfig(
    Schedule(500, 1e-4, 'constant', batch=45),
    Schedule(300, 1e-4, 'constant', batch=45),
    refresh=1,
)
"""Epochs, learning rate and batch of Chae et al. 2024, section 2.6."""
