"""The loss curves of a training, as a figure."""

from collections.abc import Sequence
from pathlib import Path

from pvs_workflow.files import atomic_path
from pvs_workflow.networks.optimise import Epoch


def save_curves(target: Path, history: Sequence[Epoch]) -> None:
    """Draw training and validation loss over the epochs, one panel per network.

    Parameters
    ----------
    target : Path
        A PNG file.
    history : sequence of Epoch

    """
    from matplotlib.figure import Figure

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
    with atomic_path(target) as path:
        figure.savefig(path, dpi=120, metadata={'Software': None})
