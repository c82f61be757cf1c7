from dataclasses import dataclass, replace

import numpy as np
import pytest

from pvs_workflow.lab.evaluation.contrast import Contrast
from pvs_workflow.lab.evaluation.figures import save_evaluation
from pvs_workflow.lab.evaluation.findings import contrast_summary, evaluate_cascade
from pvs_workflow.lab.training.calibrate import fit_calibration
from pvs_workflow.lab.training.reference import ACCEPT_ALL
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
    reference=ACCEPT_ALL,
    versions={},
)


@dataclass(frozen=True)
class SpotCounter:
    """Cascade that counts bright pixels; an ePVS of the phantoms has four."""

    card: Card = CARD

    def predict(self, images):
        bright = images > 0.6
        counts = bright.sum(axis=(1, 2)) / 4.0
        return Prediction((images + bright) / 2, bright.astype(np.float32), counts)


@pytest.fixture(scope='module')
def chosen(samples):
    return [sample for sample in samples if sample.chosen]


@pytest.fixture(scope='module')
def evaluation(chosen):
    return evaluate_cascade(SpotCounter(), chosen, seed=1)


def test_with_the_true_roi_every_spot_is_counted(evaluation, chosen):
    findings = evaluation.rois['true_roi']
    assert findings.true.tolist() == [sample.count for sample in chosen]
    assert np.abs(findings.counts - findings.true).max() < 1
    assert not findings.out_of_distribution.any()
    predicted, true = findings.participant_counts()
    assert true.tolist() == [findings.true[rows_of(chosen, p)].max() for p in people(chosen)]
    assert predicted.shape == (6,)


def people(chosen):
    return list(dict.fromkeys(sample.participant for sample in chosen))


def rows_of(chosen, person):
    return [index for index, sample in enumerate(chosen) if sample.participant == person]


def test_an_evaluation_is_converted_to_plain_values(evaluation):
    out = evaluation.to_json()
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


def test_roi_errors_depend_on_the_seed(evaluation, chosen):
    again, other = (
        evaluate_cascade(SpotCounter(), chosen, seed).rois['roi_errors'] for seed in (1, 2)
    )
    assert np.array_equal(evaluation.rois['roi_errors'].distances, again.distances)
    assert not np.array_equal(again.distances, other.distances)


def test_enhancement_increases_the_contrast_of_spots(evaluation):
    gain = evaluation.to_json()['contrast']['gain']
    assert gain['cnr'] > 1.2
    assert gain['cnr_tissue'] > 1.2


def test_the_contrast_summary_matches_a_calculation_by_hand():
    raw = (Contrast(2.0, 1.0), None, Contrast(4.0, 1.0))
    enhanced = (Contrast(6.0, 1.0), Contrast(9.0, 9.0), Contrast(12.0, 3.0))
    out = contrast_summary(raw, enhanced)
    assert out['n_images'] == 2
    assert out['none']['cnr'] == {'mean': 3.0, 'sd': 1.4142}
    assert out['gain'] == {'cnr': 3.0, 'cnr_tissue': 2.0}


def test_the_contrast_summary_without_measurements_is_none():
    out = contrast_summary((None,), (None,))
    assert out['deep']['cnr'] == {'mean': None, 'sd': None}
    assert out['gain']['cnr'] is None


def test_two_figures_are_saved(evaluation, tmp_path):
    paths = save_evaluation(tmp_path / 'paper', evaluation)
    assert [path.name for path in paths] == ['paper.png', 'paper_reliability.png']
    assert sorted(tmp_path.iterdir()) == sorted(paths)


def test_images_out_of_distribution_are_reported(chosen):
    strict = replace(CARD, reference=replace(ACCEPT_ALL, limit=1e-6))
    evaluation = evaluate_cascade(SpotCounter(strict), chosen[:6], seed=1)
    assert evaluation.to_json()['true_roi']['unfamiliar'] == 1.0
