import random

import pytest

from pvs_workflow.inputs.session_labels import sort_sessions

ORDERED = [
    '1 2 10',
    '01 02 03',
    '2019 2020 2021',
    'V01 V02 V10',
    'visit1 visit2',
    'visit1scan visit2scan',
    'T1 T2',
    'tp1 tp2',
    'wave1 wave2 wave3',
    'mri1 mri2',
    'baseline 6months 12months 2years',
    'bl 6m 12m',
    'sc bl m06 m12',
    'M000 M006 M012',
    'baselineMRI 6monthsMRI',
    'baseline followup',
    'bl fu1 fu2',
    'baseline followup6m followup1y',
    'BAS1 BAS2 FLU1',
    'SC BL V04 V06',
    'baselineYear1Arm1 6MonthFollowUpArm1 2YearFollowUpYArm1 4YearFollowUpYArm1',
    'd0129 d1456',
    'day1 day8',
    'week0 week12',
    '1y 1y6m 2y',
    '20190131 20200130',
    '201901311030 202001301000',
    'pre post',
    'preop postop postop6m',
    'pre post1 post2',
    'pre mid post',
    'test retest',
    'scan rescan',
    'before after',
    'first second third',
    '1st 2nd 3rd',
]

WITHOUT_ORDER = [
    'A B',
    'Prisma Trio',
    '3T 7T',
    'site1 site2',
    'scanner1 scanner2',
    'drug placebo',
    'on off',
    'morning evening',
    '1 V2',
    'V01 M06',
    '01 1',
    'bl m00',
    'bl baseline',
    'bl pre post',
    'baseline Prisma',
    'test scan',
    '190131 200130',
    '01312019 01302020',
    '100234 100235',
    '2019 20200130',
    'd123456789 d1',
    f'{"9" * 5000} 1',
    'é ü',
]


@pytest.mark.parametrize('text', ORDERED)
def test_labels_of_one_pattern_are_in_order_of_time(text):
    labels = text.split()
    for seed in range(3):
        shuffled = random.Random(seed).sample(labels, len(labels))
        assert sort_sessions(shuffled) == labels


@pytest.mark.parametrize('text', WITHOUT_ORDER)
def test_other_labels_have_no_order(text):
    assert sort_sessions(text.split()) is None
