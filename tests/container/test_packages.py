"""Requirement lists of the image: complete, with pinned versions and hashes."""

import configparser
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.builders.requirements import ENTRY, entries

ROOT = Path(__file__).parents[2]
LISTS = sorted((ROOT / 'docker').glob('*.txt'))
STATUS = """\
Package: libstdc++6
Status: install ok installed
Description: GNU Standard C++ Library v3
 This package contains an additional runtime library
Architecture: amd64
Version: 12.2.0-14+deb12u1

Package: gone
Status: deinstall ok config-files
Architecture: all
Version: 1

Package: login
Status: install ok installed
Architecture: amd64
Version: 1:4.13+dfsg1-1
"""


@pytest.fixture(scope='module')
def sbom():
    spec = importlib.util.spec_from_file_location('sbom', ROOT / 'docker' / 'sbom.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def requirements():
    setup = configparser.ConfigParser()
    setup.read(ROOT / 'setup.cfg')
    return [Requirement(line) for line in setup['options']['install_requires'].split('\n') if line]


@pytest.mark.parametrize('path', LISTS, ids=lambda path: path.name)
def test_a_list_has_only_pinned_packages_with_hashes(path):
    rest = ENTRY.sub('', path.read_text('utf-8'))
    assert not [line for line in rest.splitlines() if line and not line.lstrip().startswith('#')]
    assert entries(path)


@pytest.mark.parametrize('path', LISTS, ids=lambda path: path.name)
def test_a_list_contains_no_package_index_or_url(path):
    assert not re.search(r'://|index-url|find-links|trusted-host|^\S+ @ ', path.read_text('utf-8'))


@pytest.mark.parametrize('requirement', requirements(), ids=lambda requirement: requirement.name)
def test_the_list_contains_the_requirements_of_setup_cfg(requirement):
    # If this fails, run: scripts/lock_requirements.sh
    locked = entries(ROOT / 'docker' / 'requirements.txt')
    assert requirement.specifier.contains(locked[canonicalize_name(requirement.name)])


def test_every_list_has_a_source():
    sources = {path.stem for path in (ROOT / 'docker').glob('*.in')} | {'requirements'}
    assert {path.stem for path in LISTS} == sources == {'build', 'requirements', 'sbom'}


def test_build_tools_have_the_locked_versions():
    locked = entries(ROOT / 'docker' / 'requirements.txt')
    assert entries(ROOT / 'docker' / 'build.txt').items() <= locked.items()


def test_debian_packages_are_listed_with_their_versions(sbom):
    packages = list(sbom.debian_packages(STATUS))
    assert [package['purl'] for package in packages] == [
        'pkg:deb/debian/libstdc%2B%2B6@12.2.0-14%2Bdeb12u1?arch=amd64&distro=debian-12',
        'pkg:deb/debian/login@1:4.13%2Bdfsg1-1?arch=amd64&distro=debian-12',
    ]
    assert packages[0]['version'] == '12.2.0-14+deb12u1'
    assert len({package['bom-ref'] for package in packages}) == 2


def test_the_sbom_is_not_written_without_cyclonedx(tmp_path):
    status = tmp_path / 'status'
    status.write_text(STATUS)
    words = [str(tmp_path / 'environment'), str(status), str(tmp_path / 'list.json')]
    process = subprocess.run(
        [sys.executable, str(ROOT / 'docker' / 'sbom.py'), *words],
        capture_output=True,
        check=False,
    )
    assert process.returncode != 0
    assert not (tmp_path / 'list.json').exists()
