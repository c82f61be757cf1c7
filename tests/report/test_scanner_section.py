import numpy as np
import pytest

from pvs_workflow.report.scanner_section import scanner_section
from tests.builders.report_group import make_rows, show_sections


def test_scanners_are_summed_up_as_pandas_does(tmp_path, read, assert_sound):
    rows = make_rows()
    section = scanner_section(rows)
    kinds = {heading: strata for heading, strata, _ in section.context['kinds']}
    assert list(kinds) == ['Scanner', 'Slice thickness']
    assert {stratum['label'] for stratum in kinds['Scanner']} == {'A 3 T', 'B 1.5 T', 'not known'}
    for stratum in kinds['Scanner']:
        label = None if stratum['label'] == 'not known' else stratum['label']
        own = rows[rows['scanner'].isna() if label is None else rows['scanner'] == label]
        usable = own[own['qc'] != 'fail']
        assert stratum['scans'] == len(usable)
        assert stratum['people'] == usable['participant_id'].nunique()
        assert stratum['doubtful'] == (own['qc'] != 'pass').sum()
        assert stratum['grades'] == [(usable['potter'] == grade).sum() for grade in range(5)]
        assert stratum['median'] == pytest.approx(usable['count_max'].median())
        assert stratum['upper'] == pytest.approx(np.percentile(usable['count_max'], 75))
    page = read(show_sections(tmp_path, rows, section))
    assert_sound(page)
    assert 'Highest count by scanner' in page.text
    assert 'Highest count by slice thickness' not in page.text  # all are alike


def test_unknown_scanners_are_told_in_a_sentence(tmp_path, read):
    rows = make_rows(5).assign(scanner=None, slice=None)
    section = scanner_section(rows)
    assert section.context['kinds'] == []
    assert (
        'the sidecars of the T2w tell neither' in read(show_sections(tmp_path, rows, section)).text
    )
