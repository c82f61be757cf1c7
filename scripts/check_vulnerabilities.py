"""Check the image's packages for known vulnerabilities, without a network.

Usage: python scripts/check_vulnerabilities.py DATABASE [LIST ...]

DATABASE is a copy of the advisories in the OSV format: a clone of the Python Packaging Advisory
Database, or the zip file of all advisories on PyPI that osv.dev offers. LIST is a list of pinned
packages (default: docker/*.txt). The exit code is 1 if a package has a vulnerability, 2 if the
check is impossible. The date of the newest advisory is printed, since a check is only as good as
its database.
"""

import argparse
import json
import re
import sys
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

LISTS = sorted((Path(__file__).parents[1] / 'docker').glob('*.txt'))
PINNED = re.compile(r'^([\w.-]+)==([^\s;]+)', re.MULTILINE)
NAME = re.compile(r'["\']?\bname["\']?: *["\']?([\w.-]+)')
LOADER = getattr(yaml, 'CSafeLoader', yaml.SafeLoader)


@dataclass(frozen=True)
class Finding:
    """A vulnerability of a package.

    Attributes
    ----------
    package, version : str
        Pinned package and version.
    advisory : str
        Name of the advisory.
    aliases : tuple of str
        Other names, such as CVE numbers.
    fixed : tuple of str
        First versions without the vulnerability, if any.

    """

    package: str
    version: str
    advisory: str
    aliases: tuple[str, ...]
    fixed: tuple[str, ...]

    def __str__(self) -> str:
        names = ', '.join((self.advisory, *self.aliases))
        status = f'fixed in {", ".join(self.fixed)}' if self.fixed else 'not fixed yet'
        return f'{self.package} {self.version}: {names} ({status})'


def pinned_packages(text: str) -> dict[str, str]:
    """Return the versions of a list of pinned packages, by normalised name.

    Examples
    --------
    >>> pinned_packages('Foo_Bar==1.2 --hash=sha256:00')
    {'foo-bar': '1.2'}
    """
    return {canonicalize_name(name): version for name, version in PINNED.findall(text)}


def read_database(path: Path) -> Iterator[str]:
    """Yield the text of each advisory of a folder (YAML or JSON) or a zip file (JSON)."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name.endswith('.json'):
                    yield archive.read(name).decode('utf-8')
    else:
        for file in sorted(path.rglob('*')):
            if file.suffix in ('.json', '.yaml', '.yml') and not file.is_symlink():
                yield file.read_text('utf-8')


def find(text: str, packages: dict[str, str]) -> Iterator[Finding]:
    """Yield the pinned packages that an advisory affects."""
    # Most advisories concern other packages; skip them before parsing, which is slow.
    if not any(canonicalize_name(name) in packages for name in NAME.findall(text)):
        return
    advisory = json.loads(text) if text.startswith('{') else yaml.load(text, LOADER)
    if not isinstance(advisory, dict) or advisory.get('withdrawn'):
        return
    for affected in advisory.get('affected', ()):
        package = affected.get('package', {})
        name = canonicalize_name(package.get('name', ''))
        if package.get('ecosystem') != 'PyPI' or name not in packages:
            continue
        ranges = [part for part in affected.get('ranges', ()) if part['type'] == 'ECOSYSTEM']
        version = packages[name]
        if is_listed(version, affected.get('versions', ())) or any(
            is_within(version, part['events']) for part in ranges
        ):
            fixed = [
                event['fixed'] for part in ranges for event in part['events'] if 'fixed' in event
            ]
            aliases = tuple(advisory.get('aliases', ()))
            yield Finding(name, version, advisory['id'], aliases, tuple(fixed))


def is_listed(version: str, versions: Iterable[str]) -> bool:
    """Return whether a version is in a list, independent of spelling."""
    return Version(version) in {parse(text) for text in versions}


def is_within(version: str, events: Iterable[dict]) -> bool:
    """Return whether a version is in a range of events, as defined by the OSV schema.

    Examples
    --------
    >>> events = [{'introduced': '0'}, {'fixed': '1.2'}, {'introduced': '2.0'}]
    >>> [is_within(version, events) for version in ('1.1', '1.2', '2.0.1')]
    [True, False, True]
    >>> is_within('1.3', [{'introduced': '1.0'}, {'last_affected': '1.3'}])
    True
    """
    wanted, inside = Version(version), False
    marks = [(parse(text), kind) for event in events for kind, text in event.items()]
    for mark, kind in sorted((mark, kind) for mark, kind in marks if mark is not None):
        if kind == 'introduced' and wanted >= mark:
            inside = True
        elif (kind == 'fixed' and wanted >= mark) or (kind == 'last_affected' and wanted > mark):
            inside = False
    return inside


def parse(text: str) -> Version | None:
    """Return a version; None if it does not follow the rules of PEP 440."""
    try:
        return Version(text)
    except InvalidVersion:
        return None


def main(argv: list[str] | None = None) -> int:
    """Print the vulnerabilities and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('database', type=Path)
    parser.add_argument('lists', type=Path, nargs='*', default=LISTS)
    options = parser.parse_args(argv)
    count, newest, findings = 0, '', set()
    packages = [pinned_packages(path.read_text('utf-8')) for path in options.lists]
    for text in read_database(options.database):
        if not re.search(r'^\s*["\']?affected["\']?:|"affected"', text, re.MULTILINE):
            continue
        count += 1
        date = re.search(r'["\']?modified["\']?: *["\']?(\d{4}-\d\d-\d\d)', text)
        newest = max(newest, date[1] if date else '')
        for pinned in packages:
            findings.update(find(text, pinned))
    if not count or not all(packages):
        missing = 'pinned packages' if count else f'advisories in {options.database}'
        print(f'nothing to check: no {missing}', file=sys.stderr)
        return 2
    for finding in sorted(findings, key=str):
        print(finding)
    pins = {pin for pinned in packages for pin in pinned.items()}
    print(f'{len(findings)} known vulnerabilities of {len(pins)} packages')
    print(f'{count} advisories checked, the newest of {newest}')
    return 1 if findings else 0


if __name__ == '__main__':
    sys.exit(main())
