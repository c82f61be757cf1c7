"""The check for known vulnerabilities of pinned packages."""

import importlib.util
import json
import zipfile
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]


def advisory(name, ranges=(), versions=(), ecosystem='PyPI', **more):
    package = {'ecosystem': ecosystem, 'name': name}
    affected_ranges = [{'type': 'ECOSYSTEM', 'events': events} for events in ranges]
    # Ranges of commits do not determine versions.
    affected_ranges.append({'type': 'GIT', 'repo': '', 'events': [{'introduced': '0'}]})
    affected = [{'package': package, 'ranges': affected_ranges, 'versions': list(versions)}]
    return {
        'id': f'PYSEC-{name}',
        'modified': '2024-05-06T07:08:09Z',
        'aliases': ['CVE-2024-1'],
        'affected': affected,
    } | more


FIXED = [{'introduced': '1.0'}, {'fixed': '1.10'}]


@pytest.fixture(scope='module')
def check():
    path = ROOT / 'scripts' / 'check_vulnerabilities.py'
    spec = importlib.util.spec_from_file_location('check_vulnerabilities', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def run(check, tmp_path, capsys):
    def check_these(packages, *advisories, kind='zip'):
        pinned = tmp_path / 'list.txt'
        pinned.write_text('\n'.join(f'{line} \\\n    --hash=sha256:00' for line in packages))
        database = tmp_path / 'database'
        if kind == 'zip':
            with zipfile.ZipFile(database, 'w') as archive:
                for one in advisories:
                    archive.writestr(f'{one["id"]}.json', json.dumps(one))
        else:
            for one in advisories:
                folder = database / 'vulns' / one['id']
                folder.mkdir(parents=True)
                (folder / 'one.yaml').write_text(yaml.safe_dump(one))
        code = check.main([str(database), str(pinned)])
        captured = capsys.readouterr()
        return code, captured.out + captured.err

    return check_these


@pytest.mark.parametrize('kind', ['zip', 'folder'])
def test_a_vulnerable_version_is_reported_with_its_names_and_fix(run, kind):
    code, output = run(['some-package==1.9'], advisory('Some_Package', [FIXED]), kind=kind)
    assert code == 1
    assert 'some-package 1.9: PYSEC-Some_Package, CVE-2024-1 (fixed in 1.10)' in output
    assert 'the newest of 2024-05-06' in output


@pytest.mark.parametrize('version', ['0.9', '1.10', '1.10.1', '2.0'])
def test_versions_before_and_after_are_not_reported(run, version):
    code, output = run([f'package=={version}'], advisory('package', [FIXED]))
    assert (code, output.splitlines()[0]) == (0, '0 known vulnerabilities of 1 packages')


def test_a_listed_version_is_recognised_in_another_spelling(run):
    assert run(['package==1.0'], advisory('package', versions=['1.0.0']))[0] == 1
    assert run(['package==1.1'], advisory('package', versions=['1.0.0', 'what']))[0] == 0


@pytest.mark.parametrize(
    'one',
    [
        advisory('other', [FIXED]),
        advisory('package', [FIXED], ecosystem='npm'),
        advisory('package', [FIXED], withdrawn='2024-06-01T00:00:00Z'),
    ],
    ids=['other package', 'other ecosystem', 'withdrawn'],
)
def test_irrelevant_advisories_are_ignored(run, one):
    assert run(['package==1.5'], one)[0] == 0


def test_a_vulnerability_without_a_fix_is_reported(run):
    code, output = run(['package==9'], advisory('package', [[{'introduced': '0'}]]))
    assert code == 1
    assert 'not fixed yet' in output


def test_an_empty_database_or_list_is_an_error(run):
    assert run(['package==1'])[0] == 2
    code, output = run([], advisory('package', [FIXED]))
    assert code == 2
    assert output == 'nothing to check: no pinned packages\n'


def test_by_default_the_lists_of_the_image_are_checked(check):
    assert {path.name for path in check.LISTS} == {'build.txt', 'requirements.txt', 'sbom.txt'}
