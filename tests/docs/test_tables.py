"""The tables of the pages agree with the JSON files."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / 'docs'
SCRIPT = DOCS.parent / 'scripts' / 'make_validation_tables.py'
PAGE = """Before
<!-- begin: readers -->
outdated
<!-- end: readers -->
<!-- begin: targets -->
<!-- end: targets -->
"""


def fill(page, *words):
    command = [sys.executable, SCRIPT, page, *words]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr
    return page.read_text('utf-8')


@pytest.mark.parametrize('name', ['validation.md', 'model_card.md', 'training.md', 'simulator.md'])
def test_pages_agree_with_the_files(tmp_path, name):
    shutil.copy(DOCS / name, tmp_path)
    hint = 'run python scripts/make_validation_tables.py'
    assert fill(tmp_path / name) == (DOCS / name).read_text('utf-8'), hint


def test_a_changed_figure_in_a_file_changes_the_page(tmp_path):
    record = json.loads((DOCS / 'validation' / 'readers.json').read_text('utf-8'))
    record['readers']['noise']['mae'] = 7.77
    record['command'] = 'python benchmarks/readers.py out.json'
    (tmp_path / 'readers.json').write_text(json.dumps(record), 'utf-8')
    (tmp_path / 'page.md').write_text(PAGE, 'utf-8')
    text = fill(tmp_path / 'page.md', '--validation', tmp_path)
    assert '| noise | 7.77 |' in text
    assert 'python -m benchmarks.readers out.json' in text
    assert text.startswith('Before\n')
    assert 'outdated' not in text


def test_missing_files_are_marked_as_not_measured(tmp_path):
    (tmp_path / 'page.md').write_text(PAGE, 'utf-8')
    text = fill(tmp_path / 'page.md', '--validation', tmp_path)
    assert '<!-- begin: readers -->\n*Not measured yet.*\n<!-- end: readers -->' in text
    rows = [line for line in text.splitlines() if line.endswith('.json` |')]
    assert len(rows) > 30
    assert all('| not measured yet |' in row for row in rows)
