"""Files that a hosting service reads follow their schemas: workflows, forms, the citation."""

import re
import subprocess
import sys

import pytest
import yaml

from tests.builders.source import ROOT

SCHEMAS = {
    '.github/workflows/test.yml': 'github-workflows',
    '.github/ISSUE_TEMPLATE/config.yml': 'github-issue-config',
    '.github/ISSUE_TEMPLATE/bug.yml': 'github-issue-forms',
    '.github/ISSUE_TEMPLATE/count.yml': 'github-issue-forms',
    '.github/ISSUE_TEMPLATE/idea.yml': 'github-issue-forms',
    'CITATION.cff': 'citation-file-format',
}
"""Schemas by file; check-jsonschema ships them, so that no network is needed."""


def check(path, schema):
    words = ['--builtin-schema', f'vendor.{schema}', '--default-filetype', 'yaml', path]
    return subprocess.run(
        [sys.executable, '-m', 'check_jsonschema', *words], capture_output=True, text=True
    )


@pytest.mark.parametrize('path', SCHEMAS)
def test_each_file_follows_its_schema(path):
    process = check(ROOT / path, SCHEMAS[path])
    assert process.returncode == 0, process.stdout + process.stderr


def test_an_unknown_key_is_reported(tmp_path):
    text = (ROOT / '.github/workflows/test.yml').read_text('utf-8')
    path = tmp_path / 'test.yml'
    path.write_text(text.replace('runs-on:', 'runs-in:'))
    assert check(path, 'github-workflows').returncode == 1


def test_every_file_has_a_schema():
    files = {str(path.relative_to(ROOT)) for path in (ROOT / '.github').rglob('*.yml')}
    assert files == {path for path in SCHEMAS if path.startswith('.github')}


def test_the_workflow_runs_all_tests_on_every_supported_python():
    setup = (ROOT / 'setup.cfg').read_text('utf-8')
    versions = re.findall(r'Programming Language :: Python :: (3\.\d+)', setup)
    assert len(versions) == 3
    workflow = yaml.safe_load((ROOT / '.github/workflows/test.yml').read_text('utf-8'))
    job = workflow['jobs']['test']
    assert job['strategy']['matrix']['python'] == versions
    assert any(step.get('run', '').startswith('make test') for step in job['steps'])
