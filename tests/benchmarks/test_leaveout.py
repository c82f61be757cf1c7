from dataclasses import dataclass, replace

import numpy as np
import pytest

from benchmarks.leaveout import (
    pool_findings,
    short_config,
    summarise_pooled,
    without_person,
)
from pvs_workflow.lab.evaluation.findings import ROIS, Evaluation, Findings
from pvs_workflow.uncertainty.calibration import Calibration

CALIBRATION = Calibration(
    0.9, (0,), (-1.0,), (1.0,), (0.0,), ((-1.0, 0.0, 1.0),), 0.0, (0.0,), (1.0,), (1.0,), 3
)


@dataclass(frozen=True)
class Source:
    participant: str


def test_only_the_given_person_is_left_out():
    sources = [Source(name) for name in ('real-01', 'real-011', '7-01', 'real-02', 'real-01')]
    assert [s.participant for s in without_person(sources, '01')] == [
        'real-011',
        '7-01',
        'real-02',
    ]


def test_the_time_budget_covers_both_networks():
    fine, whole = short_config(2.0, fine=True), short_config(2.0, fine=False)
    counting = (1 + fine.settling) * fine.counter.seconds
    assert fine.enhancer.seconds + counting == pytest.approx(120)
    assert fine.counter.learning_rate < whole.counter.learning_rate
    assert fine.augmentation == whole.augmentation


def evaluation(names, true, counts, calibration=CALIBRATION):
    findings = Findings(
        names,
        np.array(true, float),
        np.array(counts),
        np.zeros(len(true)),
        np.ones(len(true), bool),
    )
    return Evaluation(dict.fromkeys(ROIS, findings), (), (), calibration)


def test_each_image_has_the_interval_of_its_own_cascade():
    narrow = replace(CALIBRATION, low=(0.0,), high=(0.0,))
    parts = [
        evaluation(('a', 'a'), (3, 15), (3.5, 15.0)),
        evaluation(('b',), (30,), (27.0,), narrow),
    ]
    assert pool_findings(parts, 'true_roi').participants == ('a', 'a', 'b')
    summary = summarise_pooled(parts)['true_roi']
    assert summary['interval_coverage'] == pytest.approx(2 / 3, abs=1e-4)
    assert summary['images']['mae'] == pytest.approx(3.5 / 3, abs=1e-4)
    assert summary['participants']['n'] == 2
    assert summary['unfamiliar'] == 1.0
