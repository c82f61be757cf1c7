import numpy as np
from skimage.io import imread

from pvs_workflow.lab.training.checkpoint import Epoch
from pvs_workflow.lab.training.curves import save_curves, save_reliability
from pvs_workflow.lab.training.scores import reliability


def test_there_is_one_panel_per_network(tmp_path):
    history = [Epoch('enhancer', i, 1 / i, 2 / i, float(i)) for i in range(1, 5)]
    save_curves(tmp_path / 'one.png', history)
    save_curves(
        tmp_path / 'two.png', [*history, *(Epoch('counter', i, 3 / i, 1 / i, 0) for i in (1, 2))]
    )
    one, two = (imread(tmp_path / f'{name}.png') for name in ('one', 'two'))
    assert two.shape[1] == 2 * one.shape[1]
    assert one.std() > 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ['one.png', 'two.png']


def test_reliability_is_plotted(tmp_path):
    certain = np.eye(5)
    save_reliability(tmp_path / 'right.png', reliability(certain, range(5)))
    save_reliability(tmp_path / 'wrong.png', reliability(certain, [1, 2, 3, 4, 0]))
    right, wrong = (imread(tmp_path / f'{name}.png') for name in ('right', 'wrong'))
    assert right.shape == wrong.shape
    assert (right != wrong).any()
