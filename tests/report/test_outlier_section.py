from pvs_workflow.report.outlier_section import outlier_section
from tests.builders.report_group import make_rows, show_sections


def test_a_count_far_above_the_others_is_listed_with_its_reason(tmp_path, read, assert_sound):
    rows = make_rows().assign(qc='pass')
    rows.loc[4, 'count_max'] = 500.0
    section = outlier_section(rows)
    (row,) = [row for row in section.context['rows'] if row['count_max'] == 500]
    assert row['t2w'] == rows.loc[4, 't2w']
    assert row['reasons']
    page = read(show_sections(tmp_path, rows, section))
    assert_sound(page)
    assert row['reasons'] in page.text


def test_few_results_are_not_compared():
    context = outlier_section(make_rows(3).assign(qc='pass')).context
    assert context['usable'] < context['fewest']
    assert not context['compared']
