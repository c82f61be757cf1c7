import pandas as pd
import pytest

from pvs_workflow.derivatives.columns import describe_columns
from pvs_workflow.derivatives.scan_tables import save_results

NAMES = ('potter_grade', 'epvs_counts', 'epvs_instances')
TABLES = {
    name: pd.DataFrame([dict.fromkeys(describe_columns(name), 1)], dtype=object) for name in NAMES
}


def test_the_grade_is_written_last(tmp_path):
    paths = save_results(TABLES, str(tmp_path / 'sub-01'), ['bids:raw:a'])
    order = sorted(paths, key=lambda name: paths[name].stat().st_mtime_ns)
    assert order[-1] == 'potter_grade'
    assert {path.name for path in paths.values()} == {
        'sub-01_desc-potter_grade.tsv',
        'sub-01_desc-epvs_counts.tsv',
        'sub-01_space-T2w_desc-epvs_instances.tsv',
    }


def test_a_failure_leaves_no_grade(tmp_path):
    broken = TABLES | {'epvs_counts': TABLES['epvs_counts'].drop(columns='count')}
    with pytest.raises(ValueError, match='columns must be'):
        save_results(broken, str(tmp_path / 'sub-01'), [])
    assert not list(tmp_path.glob('*grade*'))
