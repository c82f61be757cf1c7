"""The benchmark of the group level, on a few people."""

import json

import pytest

from tests.builders.lab import run_benchmark


@pytest.mark.slow
def test_a_small_cohort_is_made_collected_and_measured(tmp_path):
    words = ('--participants', '12', '--keep', tmp_path / 'cohort', '--out', tmp_path / 'a.json')
    process = run_benchmark('group', *words)
    assert process.returncode == 0, process.stderr
    record = json.loads((tmp_path / 'a.json').read_text())
    assert record['exit_code'] == 0
    assert record['participants'] == 12
    rows = (tmp_path / 'cohort' / 'derivatives' / 'group_potter.tsv').read_text().splitlines()
    assert record['t2w'] == len(rows) - 1 >= 12
    size = (tmp_path / 'cohort' / 'derivatives' / 'group_potter.html').stat().st_size
    assert record['page_mb'] == round(size / 1e6, 2)
