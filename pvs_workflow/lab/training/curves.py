"""Figures of the loss curves of a training and of the reliability of its probabilities."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from pvs_workflow.files import atomic_path
from pvs_workflow.lab.training.checkpoint import Epoch
from pvs_workflow.lab.training.scores import Reliability


def save_chart(target: Path, figure: Figure) -> Path:
    """Write a figure as PNG, atomically and without a date."""
    with atomic_path(target) as path:
        figure.savefig(path, dpi=120, metadata={'Software': None})
    return target


def save_curves(target: Path, history: Sequence[Epoch]) -> None:
    """Plot training and validation loss over the epochs as PNG, one panel per network."""
    networks = list(dict.fromkeys(epoch.network for epoch in history))
    figure = Figure(figsize=(4.5 * max(len(networks), 1), 3.2), layout='constrained')
    for index, network in enumerate(networks, start=1):
        axes = figure.add_subplot(1, len(networks), index)
        epochs = [epoch for epoch in history if epoch.network == network]
        numbers = [epoch.number for epoch in epochs]
        axes.plot(numbers, [epoch.training_loss for epoch in epochs], label='training')
        axes.plot(numbers, [epoch.validation_loss for epoch in epochs], label='validation')
        axes.set(title=network, xlabel='epoch', ylabel='loss', yscale='log')
        axes.legend(frameon=False)
    save_chart(target, figure)


def save_reliability(target: Path, result: Reliability) -> None:
    """Plot observed frequencies over predicted probabilities of grades, as PNG.

    Each bin is a dot whose size increases with the number of probabilities in it.
    """
    figure = Figure(figsize=(4.0, 4.0), layout='constrained')
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], color='0.6', linewidth=0.8, linestyle='--')
    sizes = [20 + 180 * number / max(result.numbers) for number in result.numbers]
    axes.scatter(result.predicted, result.observed, s=sizes, alpha=0.7, linewidths=0)
    axes.set(
        title=f'Brier {result.brier:.3f}, calibration error {result.calibration_error:.3f}',
        xlabel='predicted probability of a grade',
        ylabel='share that came true',
        xlim=(-0.05, 1.05),
        ylim=(-0.05, 1.05),
        aspect='equal',
    )
    save_chart(target, figure)
