import numpy as np
import pytest

from pvs_workflow.lab.training.nuclei import Recipe, dice, draw_batch, draw_pool, to_classes, train
from pvs_workflow.networks.engine import configure_tensorflow
from pvs_workflow.networks.nuclei import build_nuclei_network, predict_nuclei
from pvs_workflow.science.nuclei import BOX_SHAPE, CLASSES
from tests.builders.anatomies import write_label_map


@pytest.fixture(scope='module')
def label_map(tmp_path_factory):
    return write_label_map(tmp_path_factory.mktemp('maps') / 'map.nii.gz')


def test_left_and_right_labels_give_the_same_class():
    assert to_classes(np.array([12, 51, 26, 58, 2, 1000])).tolist() == [2, 2, 4, 4, 0, 0]


def test_overlap_matches_a_calculation_by_hand():
    predicted, true = np.array([1, 1, 2, 0, 3]), np.array([1, 2, 2, 2, 0])
    scores = dice(predicted, true)
    assert scores[:3] == pytest.approx([2 / 3, 2 / 4, 0])
    assert np.isnan(scores[3:]).all()


def test_same_seed_gives_the_same_batches(label_map):
    pools = [draw_pool([label_map], 2, 5) for _ in range(2)]
    first, second = (draw_batch(np.random.default_rng(1), pool, 2) for pool in pools)
    assert np.array_equal(first[0], second[0])
    assert np.array_equal(first[1], second[1])
    assert first[0].shape == (2, *BOX_SHAPE, 1)


@pytest.mark.slow
def test_the_network_learns_and_is_symmetric(label_map, monkeypatch):
    monkeypatch.setattr('pvs_workflow.lab.training.nuclei.REPORT_EVERY', 60)
    configure_tensorflow(threads=1, seed=0)
    model = build_nuclei_network(width=4, depth=3)
    history = train(model, [label_map], Recipe(2, 120, 1, 1e-2), 1, lambda line: None, [label_map])
    assert [record['step'] for record in history] == [60, 120]
    assert set(history[-1]['dice']) == set(CLASSES[1:])
    assert history[1]['loss'] < 0.8 * history[0]['loss']
    box = draw_batch(np.random.default_rng(0), draw_pool([label_map], 1, 2), 1)[0][0, ..., 0]
    probabilities = predict_nuclei(model, box)
    assert probabilities.sum(axis=-1) == pytest.approx(1, abs=1e-5)
    assert predict_nuclei(model, box[::-1])[::-1] == pytest.approx(probabilities, abs=1e-5)
