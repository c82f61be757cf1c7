"""The command that measures everything, on next to nothing."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pvs_workflow import data

SCRIPT = Path(__file__).parents[2] / 'benchmarks' / 'validation.py'
DOCS = Path(__file__).parents[2] / 'docs'
TABLES = Path(__file__).parents[2] / 'scripts' / 'make_validation_tables.py'
PAGE = """<!-- begin: paper -->
outdated
<!-- end: paper -->
<!-- begin: implants -->
<!-- end: implants -->
"""


def run(*words):
    command = [sys.executable, *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_real_scans_have_to_be_named(tmp_path):
    done = run(SCRIPT, tmp_path, tmp_path, '--parts', 'real')
    assert done.returncode == 2
    assert 'real need --real' in done.stderr


@pytest.mark.slow
def test_parts_write_files_that_fill_pages(tmp_path):
    words = ('--parts', 'paper', 'speed', '--n-paper', 1, '--repeats', 2, '--n-cpus', 1)
    done = run(SCRIPT, data.path('cascade'), tmp_path / 'out', *words)
    assert done.returncode == 0, done.stderr
    names = sorted(path.name for path in (tmp_path / 'out').iterdir())
    assert names == ['paper.json', 'paper.png', 'paper_reliability.png', 'speed.json']
    record = json.loads((tmp_path / 'out' / 'paper.json').read_text())
    assert record['command'].startswith(
        'python benchmarks/validation.py cascade out --parts paper'
    )
    assert str(tmp_path) not in json.dumps(record)
    assert record['true_roi']['n_images'] == 6
    page = tmp_path / 'page.md'
    page.write_text(PAGE)
    done = run(TABLES, page, '--validation', tmp_path / 'out')
    assert done.returncode == 0, done.stderr
    text = page.read_text()
    assert '1 people, 6 images' in text
    assert 'outdated' not in text
    assert 'Not measured yet' in text


@pytest.mark.parametrize('name', ['validation.md', 'model_card.md', 'training.md', 'simulator.md'])
def test_pages_show_what_the_files_say(tmp_path, name):
    page = tmp_path / name
    shutil.copy(DOCS / name, page)
    done = run(TABLES, page)
    assert done.returncode == 0, done.stderr
    told = 'run python scripts/make_validation_tables.py'
    assert page.read_text('utf-8') == (DOCS / name).read_text('utf-8'), told


def test_what_is_not_measured_says_so(tmp_path):
    page = tmp_path / 'page.md'
    page.write_text(PAGE)
    assert run(TABLES, page, '--validation', tmp_path).returncode == 0
    assert page.read_text().count('*Not measured yet.*') == 2
    assert 'outdated' not in page.read_text()
