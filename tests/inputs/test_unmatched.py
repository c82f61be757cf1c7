import pytest

from pvs_workflow.inputs.unmatched import explain_unmatched, list_some


@pytest.mark.parametrize(
    ('row', 'label'),
    [
        ('sub-1', 'sub-001'),
        ('sub-0001', 'sub-001'),
        ('sub-1.0', 'sub-001'),
        ('sub-pvs01', 'sub-PVS01'),
        ('sub-PVS-01', 'sub-PVS01'),
        ('sub-PVS_1', 'sub-PVS01'),
        ('sub-001', 'sub-PVS001'),
        ('sub-SUB-001', 'sub-001'),
        ('sub-subject 1', 'sub-001'),
        ('sub-A10', 'sub-a010'),
    ],
)
def test_a_label_that_resembles_a_row_is_named(row, label):
    sentence = explain_unmatched([row], [label, 'sub-other', 'sub-77'], [])
    assert sentence.endswith(f'unmatched rows: {row} (like {label})')


@pytest.mark.parametrize(
    ('row', 'labels'),
    [
        ('sub-10', ['sub-100', 'sub-1']),
        ('sub-1', ['sub-01', 'sub-001']),
        ('sub-a1', ['sub-b1', 'sub-c1']),
        ('sub-', ['sub-00', 'sub-x']),
        ('sub-total', ['sub-01']),
    ],
)
def test_no_label_is_named_if_none_or_several_resemble(row, labels):
    sentence = explain_unmatched([row], labels, [])
    assert sentence.endswith(f'unmatched rows: {row}')


def test_rows_of_people_outside_the_run_are_no_problem():
    assert explain_unmatched(['sub-01', 'sub-77'], ['sub-01'], []) == ''
    assert explain_unmatched(['sub-02'], ['sub-01'], ['sub-02']) == ''
    assert explain_unmatched([], ['sub-01'], []) == ''


def test_the_nearer_of_two_labels_is_named():
    sentence = explain_unmatched(['sub-A1'], ['sub-a01', 'sub-1'], [])
    assert sentence.endswith(': sub-A1 (like sub-a01)')


def test_thousands_of_rows_are_compared():
    rows = [f'sub-{number}' for number in range(1, 10_000)]
    people = [f'sub-{number:05}' for number in range(1, 10_000)]
    assert 'sub-1 (like sub-00001)' in explain_unmatched(rows, people, people)


def test_long_lists_are_shortened():
    rows = [f'sub-{number}' for number in range(1, 31)]
    people = [f'sub-{number:02}' for number in range(1, 8)]
    assert explain_unmatched(rows, people, []) == (
        'no row for sub-01, sub-02, sub-03, sub-04, sub-05 and 2 more, but unmatched '
        'rows: sub-1 (like sub-01), sub-2 (like sub-02), sub-3 (like sub-03), '
        'sub-4 (like sub-04), sub-5 (like sub-05) and 25 more'
    )
    assert list_some(list('abcde')) == 'a, b, c, d, e'
