import pandas as pd

from pvs_workflow.derivatives.results import read_results
from pvs_workflow.group.rows import count_rows, first_sessions, result_rows, session_orders
from pvs_workflow.inputs.sessions import SessionOrder
from tests.builders.results import save_result


def read(folder):
    return result_rows(read_results(folder).results)


def test_rows_and_results_are_in_one_order(tmp_path):
    for labels in (('02', 'b'), ('02', 'a'), ('01', None, '2'), ('01',)):
        save_result(tmp_path, *labels)
    rows, results = read(tmp_path)
    assert [result.grade['t2w'] for result in results] == rows['t2w'].tolist()
    assert rows['participant_id'].tolist() == ['sub-01', 'sub-01', 'sub-02', 'sub-02']
    assert rows['session_id'].tolist()[2:] == ['ses-a', 'ses-b']
    counts = count_rows(results[:1])
    assert counts['hemisphere'].tolist() == ['L'] * 3 + ['R'] * 3
    assert counts['slice'].is_monotonic_increasing or counts['slice'][:3].is_monotonic_increasing


def test_only_participants_with_several_sessions_have_an_order(tmp_path):
    for labels in (('01', '6months'), ('01', 'baseline'), ('02', '1'), ('03',), ('03', None, '2')):
        save_result(tmp_path, *labels)
    orders = session_orders(read(tmp_path)[0], None)
    assert list(orders) == ['sub-01']
    assert list(orders['sub-01'].times) == ['ses-baseline', 'ses-6months']


def test_the_first_session_of_each_participant_comes_first():
    rows = pd.DataFrame(
        {
            'participant_id': ['sub-1', 'sub-1', 'sub-2', 'sub-2'],
            'session_id': ['ses-6months', 'ses-baseline', None, None],
        },
        index=[3, 5, 7, 9],
    )
    orders = {'sub-1': SessionOrder(dict.fromkeys(['ses-baseline', 'ses-6months']), 'labels')}
    assert first_sessions(rows, orders).index.tolist() == [5, 3, 7, 9]
    assert first_sessions(rows.iloc[:0], orders).empty
