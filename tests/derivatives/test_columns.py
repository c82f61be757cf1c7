from pathlib import Path

import pytest

from pvs_workflow.derivatives.columns import (
    MAY_BE_EMPTY,
    TABLES,
    TEXT_COLUMNS,
    column_names,
    columns_markdown,
    describe_columns,
)

COUNT_COLUMNS = [
    'hemisphere',
    'slice',
    'slice_rank',
    'count',
    'count_low',
    'count_high',
    'potter',
    'instances',
    'roi_area',
    'qc',
]
GRADE_COLUMNS = [
    'participant_id',
    'session_id',
    't2w',
    'potter',
    'potter_left',
    'potter_right',
    'count_max',
    'count_left',
    'count_right',
    'p_potter0',
    'p_potter1',
    'p_potter2',
    'p_potter3',
    'p_potter4',
    'qc',
    'qc_reasons',
    'model',
    'model_sha256',
]


def test_columns_match_the_output_contract():
    identity = ('participant_id', 'session_id')
    assert column_names('epvs_counts') == tuple(COUNT_COLUMNS)
    assert column_names('potter_grade') == tuple(GRADE_COLUMNS)
    assert column_names('group_potter') == (*GRADE_COLUMNS, 'selected')
    assert column_names('group_counts') == (*identity, *COUNT_COLUMNS)


@pytest.mark.parametrize('table', TABLES)
def test_every_column_is_described(table):
    for name, entry in describe_columns(table).items():
        assert set(entry) <= {'LongName', 'Description', 'Units', 'Levels'}, name
        assert entry['LongName']
        assert entry['Description']


def test_text_columns_and_tables_that_may_be_empty_exist():
    assert set().union(*map(column_names, TABLES)) >= TEXT_COLUMNS
    assert set(TABLES) >= MAY_BE_EMPTY


def test_callers_cannot_change_the_columns():
    describe_columns('potter_grade')['potter'].clear()
    assert describe_columns('potter_grade')['potter']


def test_grades_have_the_levels_of_potter():
    for name in ('potter', 'potter_left', 'potter_right'):
        levels = describe_columns('potter_grade')[name]['Levels']
        assert list(levels) == ['0', '1', '2', '3', '4']


@pytest.mark.parametrize('table', sorted(set(TABLES) - {'group_potter', 'group_counts'}))
def test_documentation_describes_the_columns(table):
    page = (Path(__file__).parents[2] / 'docs' / 'outputs.md').read_text('utf-8')
    block = page.partition(f'<!-- columns of {table} -->\n')[2].partition('<!-- end -->')[0]
    assert block == columns_markdown(table)
