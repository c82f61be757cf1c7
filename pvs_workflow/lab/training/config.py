"""How a cascade is trained."""

import math
from dataclasses import asdict, dataclass, field, replace

from pvs_workflow.lab.training.augment import Augmentation
from pvs_workflow.networks.card import Card
from pvs_workflow.networks.counter import STRIDES
from pvs_workflow.networks.engine import load_keras
from pvs_workflow.networks.enhancer import WIDTH
from pvs_workflow.science.emphasis import PAPER as PAPER_EMPHASIS
from pvs_workflow.science.emphasis import Emphasis
from pvs_workflow.science.intensity import Preprocessing

ENHANCER_SHARE = 0.55
"""Of a time limit; the counter gets the rest."""

EMPHASIS = Emphasis(weight=3.0, floor=0.1)
"""Chosen for its contrast; ``benchmarks/counting.py`` measures what it brings."""

SETTLING = 0.5
"""``benchmarks/counting.py`` measures what it brings."""

PLACES = 0.1
"""Weight of the map of counts in the counter's loss: by measurement, docs/training.md."""

FINE_STRIDES = (2, 1, 2, 1, 1)
"""Halving twice: cells of 4 × 4 pixels, in which there is seldom more than one ePVS. It learns in
half as many images what halving three times learns, at twice the arithmetic of each."""

SETTLING_RATE = 0.3
"""Learning rate at the start of settling, over that at the start of learning."""


@dataclass(frozen=True)
class Schedule:
    """How long a network is trained, and how fast it learns.

    Attributes
    ----------
    epochs : int
    learning_rate : float
        Of Adam, at the start.
    decay : {'constant', 'cosine'}
        Whether it stays or falls to zero along half a cosine.
    batch : int
        Images per step.
    seconds : float or None
        Wall time after which training stops, whatever the epoch. The decay follows whichever
        of time and epochs is further on; with a limit the result depends on the machine.

    """

    epochs: int
    learning_rate: float
    decay: str = 'cosine'
    batch: int = 16
    seconds: float | None = None

    def rate(self, steps: int):
        """Return the learning rate over a number of steps, as Keras takes it."""
        if self.decay == 'constant':
            return self.learning_rate
        return load_keras().optimizers.schedules.CosineDecay(self.learning_rate, steps)

    def rate_at(self, share: float) -> float:
        """Return the learning rate after a share of the training, 0 to 1 or more."""
        rate = self.rate(1)
        return float(rate(share)) if callable(rate) else rate

    def settling(self, share: float) -> 'Schedule':
        """Return the schedule of settling, for a share of this schedule's epochs and seconds.

        Examples
        --------
        >>> after = Schedule(10, 1e-3, batch=32).settling(0.5)
        >>> after.epochs, after.learning_rate, after.batch
        (5, 0.0003, 32)

        """
        return replace(
            self,
            epochs=round(share * self.epochs),
            learning_rate=round(SETTLING_RATE * self.learning_rate, 12),
            seconds=self.seconds and share * self.seconds,
        )


@dataclass(frozen=True)
class TrainingConfig:
    """How a cascade is trained.

    Attributes
    ----------
    enhancer, counter : Schedule
    width : int
        Filters of the enhancer's first level.
    adds_to_image : bool
        Whether the enhancer's last layer gets the image too.
    strides : tuple of int
        Of the counter's convolutions.
    settling : float
        Epochs in which the counter settles with its norms fixed, over those before.
    places : float
        Weight of the map of counts in the counter's loss.
    validation, calibration : float
        Shares of the participants that choose the best epoch, and that give the intervals.
    preprocessing : Preprocessing
    emphasis : Emphasis
    augmentation : Augmentation
    coverage : float
        Of the intervals.
    refresh : int
        Epochs of the counter for which enhanced variations are kept.

    """

    enhancer: Schedule
    counter: Schedule
    width: int = WIDTH
    adds_to_image: bool = True
    strides: tuple[int, ...] = STRIDES
    settling: float = SETTLING
    places: float = PLACES
    validation: float = 0.1
    calibration: float = 0.15
    preprocessing: Preprocessing = field(default_factory=Preprocessing)
    emphasis: Emphasis = EMPHASIS
    augmentation: Augmentation = field(default_factory=Augmentation)
    coverage: float = 0.9
    refresh: int = 3

    @property
    def stride(self) -> int:
        """Pixels along an edge of the cells that the counter counts in."""
        return math.prod(self.strides)

    def with_epochs(self, enhancer: int | None, counter: int | None) -> 'TrainingConfig':
        """Return a copy with other numbers of epochs, where they are given."""
        return replace(
            self,
            enhancer=replace(self.enhancer, epochs=enhancer or self.enhancer.epochs),
            counter=replace(self.counter, epochs=counter or self.counter.epochs),
        )

    def within(self, seconds: float) -> 'TrainingConfig':
        """Return a copy that stops after a wall time."""
        return replace(
            self,
            enhancer=replace(self.enhancer, seconds=ENHANCER_SHARE * seconds),
            counter=replace(
                self.counter, seconds=(1 - ENHANCER_SHARE) * seconds / (1 + self.settling)
            ),
        )

    def starting_from(self, card: Card, new_counter: bool = False) -> 'TrainingConfig':
        """Return a copy with the networks and the preprocessing of a trained cascade.

        With a new counter, only the enhancer is the trained one's.
        """
        trained = card.architecture
        return replace(
            self,
            width=trained.enhancer.width,
            adds_to_image=trained.enhancer.adds_to_image,
            strides=self.strides if new_counter else trained.counter.strides,
            preprocessing=card.preprocessing,
            emphasis=card.emphasis,
        )

    def to_card(self) -> dict:
        """Return plain values for a card, which has preprocessing and emphasis elsewhere."""
        elsewhere = ('preprocessing', 'emphasis')
        return {name: value for name, value in asdict(self).items() if name not in elsewhere}


FAST = TrainingConfig(
    Schedule(22, 1e-3, batch=16),
    Schedule(30, 7e-4, batch=16),
    strides=FINE_STRIDES,
    settling=1.5,
    refresh=5,
    # A plate's exposures have noise and blur of their own, by which it is decided what counts.
    augmentation=Augmentation(shift=2.5, blur=0.3, noise=0.02),
)
"""About an hour on two cores for 200 simulated participants."""

OWN = replace(FAST, augmentation=Augmentation())
"""For recorded images, each of which is there in one exposure only."""

FINE = replace(
    OWN,
    enhancer=replace(FAST.enhancer, epochs=10, learning_rate=1e-4),
    counter=replace(FAST.counter, epochs=20, learning_rate=3e-4, batch=16),
    settling=0.75,
)
"""For recorded images, from a trained cascade: few epochs at low rates. The enhancer has more to
lose than to win, so that it learns more slowly than the counter."""

PAPER = TrainingConfig(
    Schedule(500, 1e-4, 'constant', batch=45),
    Schedule(300, 1e-4, 'constant', batch=45),
    adds_to_image=False,
    emphasis=PAPER_EMPHASIS,
    settling=0.0,
    places=0.0,
    refresh=1,
)
"""Epochs, learning rate and batch of Chae et al. 2024, section 2.6."""
