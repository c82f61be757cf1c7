"""Settings of a training: schedules, network sizes, augmentation and named configurations."""

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
"""Enhancer's share of a time limit; the counter gets the rest."""

EMPHASIS = Emphasis(weight=3.0, floor=0.1)
"""Emphasis chosen for its contrast; ``benchmarks/counting.py`` measures its effect."""

SETTLING = 0.5
"""Epochs of settling relative to those of learning; ``benchmarks/counting.py`` measures the effect
of settling."""

MAP_WEIGHT = 0.1
"""Weight of the map of counts in the counter's loss; docs/training.md shows its effect."""

FINE_STRIDES = (2, 1, 2, 1, 1)
"""Strides with two halvings: cells of 4 × 4 pixels, which rarely hold more than one ePVS. Compared
with three halvings, training needs half as many images, at twice the computation for each."""

SETTLING_RATE = 0.3
"""Initial learning rate of settling relative to that of learning."""


@dataclass(frozen=True)
class Schedule:
    """Training schedule of a network.

    Attributes
    ----------
    epochs : int
    learning_rate : float
        Initial learning rate of Adam.
    decay : {'constant', 'cosine'}
        Constant learning rate, or decay to zero along half a cosine.
    batch : int
        Images per step.
    seconds : float or None
        Wall time after which training stops. The decay then follows the larger of the elapsed
        shares of time and of epochs, so that the result depends on the machine.

    """

    epochs: int
    learning_rate: float
    decay: str = 'cosine'
    batch: int = 16
    seconds: float | None = None

    def rate(self, steps: int):
        """Return the learning rate, or its Keras schedule over a number of steps."""
        if self.decay == 'constant':
            return self.learning_rate
        return load_keras().optimizers.schedules.CosineDecay(self.learning_rate, steps)

    def rate_at(self, share: float) -> float:
        """Return the learning rate after a share (≥ 0) of the training."""
        rate = self.rate(1)
        return float(rate(share)) if callable(rate) else rate

    def settling(self, share: float) -> 'Schedule':
        """Return the schedule of settling, with a share of this schedule's epochs and seconds.

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
    """Settings of a training.

    Attributes
    ----------
    enhancer, counter : Schedule
    width : int
        Filters of the enhancer's first level.
    adds_to_image : bool
        Whether the enhancer's last layer also receives the image.
    strides : tuple of int
        Strides of the counter's convolutions.
    settling : float
        Epochs of the counter with fixed batch normalisation, relative to the epochs before.
    places : float
        Weight of the map of counts in the counter's loss.
    validation, calibration : float
        Shares of the participants used to choose the best epoch, and to fit the intervals.
    preprocessing : Preprocessing
    emphasis : Emphasis
    augmentation : Augmentation
    coverage : float
        Coverage of the intervals.
    refresh : int
        Epochs of the counter that reuse the same enhanced variations.

    """

    enhancer: Schedule
    counter: Schedule
    width: int = WIDTH
    adds_to_image: bool = True
    strides: tuple[int, ...] = STRIDES
    settling: float = SETTLING
    places: float = MAP_WEIGHT
    validation: float = 0.1
    calibration: float = 0.15
    preprocessing: Preprocessing = field(default_factory=Preprocessing)
    emphasis: Emphasis = EMPHASIS
    augmentation: Augmentation = field(default_factory=Augmentation)
    coverage: float = 0.9
    refresh: int = 3

    @property
    def stride(self) -> int:
        """Edge length of a cell of the counter's map, pixels."""
        return math.prod(self.strides)

    def with_epochs(self, enhancer: int | None, counter: int | None) -> 'TrainingConfig':
        """Return a copy with the given numbers of epochs; None leaves a number unchanged."""
        return replace(
            self,
            enhancer=replace(self.enhancer, epochs=enhancer or self.enhancer.epochs),
            counter=replace(self.counter, epochs=counter or self.counter.epochs),
        )

    def within(self, seconds: float) -> 'TrainingConfig':
        """Return a copy that is limited to a wall time, seconds."""
        return replace(
            self,
            enhancer=replace(self.enhancer, seconds=ENHANCER_SHARE * seconds),
            counter=replace(
                self.counter, seconds=(1 - ENHANCER_SHARE) * seconds / (1 + self.settling)
            ),
        )

    def starting_from(self, card: Card, new_counter: bool = False) -> 'TrainingConfig':
        """Return a copy with the architecture and the preprocessing of a trained cascade.

        With a new counter, the counter's architecture is that of this configuration.
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
        """Return plain values for a card, which stores preprocessing and emphasis elsewhere."""
        elsewhere = ('preprocessing', 'emphasis')
        return {name: value for name, value in asdict(self).items() if name not in elsewhere}


FAST = TrainingConfig(
    Schedule(22, 1e-3, batch=16),
    Schedule(30, 7e-4, batch=16),
    strides=FINE_STRIDES,
    settling=1.5,
    refresh=5,
    # Simulated exposures already have noise and blur, which determine the visible ePVS.
    augmentation=Augmentation(shift=2.5, blur=0.3, noise=0.02),
)
"""Settings for simulated images: about an hour on two cores for 200 participants."""

RECORDED = replace(FAST, augmentation=Augmentation())
"""Settings for recorded images, which have only one exposure each."""

FINE_TUNING = replace(
    RECORDED,
    enhancer=replace(FAST.enhancer, epochs=10, learning_rate=1e-4),
    counter=replace(FAST.counter, epochs=20, learning_rate=3e-4, batch=16),
    settling=0.75,
)
"""Settings to fine-tune a trained cascade on recorded images: few epochs at low rates. The
enhancer's rate is the lower one, because training is more likely to degrade it than to improve
it."""

PAPER = TrainingConfig(
    Schedule(500, 1e-4, 'constant', batch=45),
    Schedule(300, 1e-4, 'constant', batch=45),
    adds_to_image=False,
    emphasis=PAPER_EMPHASIS,
    settling=0.0,
    places=0.0,
    refresh=1,
)
"""Settings of the paper: epochs, learning rate and batch of Chae et al. 2024, section 2.6."""
