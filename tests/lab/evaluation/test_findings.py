from dataclasses import dataclass, replace

import numpy as np
import pytest

from pvs_workflow.lab.evaluation.contrast import Contrast
from pvs_workflow.lab.evaluation.figures import save_evaluation
from pvs_workflow.lab.evaluation.findings import contrast_summary, evaluate_cascade
from pvs_workflow.lab.training.calibrate import fit_calibration
from pvs_workflow.lab.training.reference import EVERYTHING
from pvs_workflow.networks.card import Architecture, Card
from pvs_workflow.networks.cascade import Prediction
from pvs_workflow.science.emphasis import PAPER
from pvs_workflow.science.intensity import Preprocessing

CARD = Card(
    name='spots',
    version='1',
    architecture=Architecture(),
    preprocessing=Preprocessing(),
    emphasis=PAPER,
    training={},
    metrics={},
    calibration=fit_calibration([1.0, 4.0, 9.0], [1, 5, 7]),
    reference=EVERYTHING,
    versions={},
)


@dataclass(frozen=True)
class SpotCounter:
    """Counts bright pixels, of which an ePVS of the phantoms has four."""

    card: Card = CARD

    def predict(self, images):
        bright = images > 0.6
        counts = bright.sum(axis=(1, 2)) / 4.0
        return Prediction((images + bright) / 2, bright.astype(np.float32), counts)


@pytest.fixture(scope='module')
def chosen(samples):
    return [sample for sample in samples if sample.chosen]


@pytest.fixture(scope='module')
def found(chosen):
    return evaluate_cascade(SpotCounter(), chosen, seed=1)


def test_with_the_true_roi_every_spot_is_counted(found, chosen):
    part = found.rois['true_roi']
    assert part.true.tolist() == [sample.count for sample in chosen]
    assert np.abs(part.counts - part.true).max() < 1
    assert not part.unfamiliar.any()
    predicted, true = part.people()
    assert true.tolist() == [part.true[part_of(chosen, p)].max() for p in people(chosen)]
    assert predicted.shape == (6,)


def people(chosen):
    return list(dict.fromkeys(sample.participant for sample in chosen))


def part_of(chosen, person):
    return [index for index, sample in enumerate(chosen) if sample.participant == person]


def test_plain_values_for_a_file(found):
    out = found.to_json()
    assert list(out) == ['true_roi', 'roi_errors', 'contrast']
    part = out['true_roi']
    assert part['mae'] == part['images']['mae'] < 0.5
    assert part['participants']['n'] == 6
    assert sum(map(sum, part['images']['confusion'])) == part['n_images'] == 36
    assert part['images']['icc']['value'] > 0.99
    assert [v is None for v in part['mae_by_grade']] == [
        v is None for v in part['coverage_by_grade']
    ]
    assert part['unfamiliar'] == 0.0


def test_errors_of_the_roi_follow_the_seed(found, chosen):
    again, other = (
        evaluate_cascade(SpotCounter(), chosen, seed).rois['roi_errors'] for seed in (1, 2)
    )
    assert np.array_equal(found.rois['roi_errors'].distances, again.distances)
    assert not np.array_equal(again.distances, other.distances)


def test_enhanced_spots_stand_out_more(found):
    gain = found.to_json()['contrast']['gain']
    assert gain['cnr'] > 1.2
    assert gain['cnr_tissue'] > 1.2


def test_contrast_by_hand():
    raw = (Contrast(2.0, 1.0), None, Contrast(4.0, 1.0))
    enhanced = (Contrast(6.0, 1.0), Contrast(9.0, 9.0), Contrast(12.0, 3.0))
    out = contrast_summary(raw, enhanced)
    assert out['n_images'] == 2
    assert out['none']['cnr'] == {'mean': 3.0, 'sd': 1.4142}
    assert out['gain'] == {'cnr': 3.0, 'cnr_tissue': 2.0}


def test_no_contrast_at_all():
    out = contrast_summary((None,), (None,))
    assert out['deep']['cnr'] == {'mean': None, 'sd': None}
    assert out['gain']['cnr'] is None


def test_two_figures(found, tmp_path):
    paths = save_evaluation(tmp_path / 'paper', found)
    assert [path.name for path in paths] == ['paper.png', 'paper_reliability.png']
    assert sorted(tmp_path.iterdir()) == sorted(paths)


def test_unfamiliar_images_are_told(chosen):
    strict = replace(CARD, reference=replace(EVERYTHING, limit=1e-6))
    found = evaluate_cascade(SpotCounter(strict), chosen[:6], seed=1)
    assert found.to_json()['true_roi']['unfamiliar'] == 1.0
