import json
from dataclasses import replace

import numpy as np
import pytest

from pvs_workflow.lab.evaluation.tables import (
    compare_counts,
    contrast_table,
    counting_table,
    difference_table,
    image_counts,
    participant_counts,
)
from pvs_workflow.science.grading import person_grade


def test_the_contrast_table_ignores_images_without_measurements(make_results):
    results = [*make_results('none'), *make_results('deep', seed=1)]
    results[0] = replace(results[0], cnr=None, cnr_tissue=None)
    table = contrast_table(results)
    values = [r.cnr for r in results if r.method == 'none' and r.cnr is not None]
    assert list(table) == ['none', 'deep']
    assert table['none']['n_images'] == len(values) < 36
    assert table['none']['cnr']['mean'] == pytest.approx(np.mean(values), abs=1e-4)
    assert table['none']['cnr']['sd'] == pytest.approx(np.std(values, ddof=1), abs=1e-4)
    assert table['none']['cnr_tissue']['mean'] == pytest.approx(np.mean(values) / 3, abs=1e-4)


def test_the_contrast_table_without_measurements_is_none(make_results):
    results = [replace(result, cnr=None, cnr_tissue=None) for result in make_results()]
    assert contrast_table(results)['none']['cnr'] == {'mean': None, 'sd': None}


def test_errors_are_compared_image_by_image(make_results):
    deep = make_results('deep', people=40)
    none = [
        replace(
            r, method='none', predicted_count=r.true_count + 2 * (r.predicted_count - r.true_count)
        )
        for r in deep
    ]
    table = difference_table([*none, *deep])
    assert list(table) == ['none']
    mae = np.mean([abs(r.predicted_count - r.true_count) for r in deep])
    assert table['none']['true_roi']['value'] == pytest.approx(mae, abs=1e-3)
    assert 0 < table['none']['true_roi']['low'] < mae < table['none']['true_roi']['high']
    assert table['none']['roi_errors']['value'] == 0
    assert (
        difference_table([*none[::-1], *deep[::-1]])['none']['true_roi']
        == table['none']['true_roi']
    )
    assert difference_table(none) == {}


def test_agreement_matches_a_calculation_by_hand():
    result = compare_counts(np.array([0.0, 9.0, 12.0, 45.0]), np.array([0.0, 11.0, 11.0, 41.0]))
    assert (result.n, result.mae) == (4, pytest.approx(7 / 4))
    assert result.accuracy == 0.75  # 9 is grade 1, 11 is grade 2
    assert result.confusion[2][1] == result.confusion[2][2] == 1
    assert result.limits.bias == pytest.approx(0.75)
    assert result.icc.low < result.icc.value < result.icc.high


def test_a_participants_count_is_the_highest_of_the_images(make_results):
    results = make_results()
    predicted, true = participant_counts(results)
    assert predicted.shape == true.shape == (6,)
    images = [result for result in results if result.participant == '03']
    assert true[3] == max(result.true_count for result in images)
    assert predicted[3] == max(result.predicted_count for result in images)
    assert person_grade(image_counts(images)[0]) == person_grade(predicted[3])


def test_the_counting_table_has_both_rois_images_and_participants(make_results):
    results = [*make_results('none', error=6), *make_results('deep', error=1)]
    table = counting_table(results)
    json.dumps(table, allow_nan=False)
    for method in ('none', 'deep'):
        for roi in ('true_roi', 'roi_errors'):
            assert table[method][roi]['images']['n'] == 36
            assert table[method][roi]['participants']['n'] == 6
    assert table['deep']['true_roi']['images']['mae'] < table['none']['true_roi']['images']['mae']
    assert (
        table['deep']['true_roi']['images']['mae'] < table['deep']['roi_errors']['images']['mae']
    )


def test_undefined_measures_are_none(make_results):
    constant = [replace(result, true_count=3, predicted_count=3.0) for result in make_results()]
    images = counting_table(constant)['none']['true_roi']['images']
    assert images['kappa'] is None
    assert images['icc'] == {'value': None, 'low': None, 'high': None}
    assert images['accuracy'] == 1.0
