"""Licences of the dependencies: none requires the GPL or AGPL, as this project is Apache-2.0."""

import configparser
import re
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
STRONG = re.compile(r'\bA?GPL|\bGNU (Affero )?General Public Licen[cs]e', re.I)
"""Names of the GPL and AGPL, but not of the LGPL."""

WEAK = re.compile(
    r'\b(MIT|BSD|0BSD|Apache|ISC|PSF|Python Software Foundation|MPL|Mozilla|LGPL|Zlib)\b'
    r'|GNU (Lesser|Library)',
    re.I,
)
"""Licences that may be chosen instead of the GPL if a package offers both."""


def requires_gpl(expression, text, classifiers):
    """Return whether a package is available only under the GPL or AGPL.

    Parameters
    ----------
    expression : str or None
        ``License-Expression``; if it is given, the other fields are ignored.
    text : str or None
        ``License``: the name or text of a licence; only the first line is used.
    classifiers : sequence of str
        Classifiers of the package.

    """
    if expression:
        return not _is_free(expression)
    names = [line for line in (text or '').strip().splitlines()[:1] if line]
    names = [part for name in names for part in re.split(r'\s+or\s+|[,;/]', name, flags=re.I)]
    names += [line.rpartition('::')[2] for line in classifiers if line.startswith('License ::')]
    strong = [name for name in names if STRONG.search(name)]
    return bool(strong) and not any(WEAK.search(name) for name in names if name not in strong)


def _is_free(expression):
    """Return whether an SPDX expression allows a licence without the GPL or with an exception."""
    words = []
    for token in re.findall(r'[()]|[^\s()]+', expression):
        if words and words[-1] == 'WITH':
            words[-2:] = ['True']
        elif token in ('(', ')', 'WITH'):
            words.append(token)
        elif token.upper() in ('AND', 'OR'):
            words.append(token.lower())
        else:
            words.append(str(not STRONG.search(token)))
    return eval(' '.join(words), {'__builtins__': {}})


def run_time_packages():
    """Return the distributions that ``setup.cfg`` requires, with all their dependencies."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / 'setup.cfg')
    lines = setup['options']['install_requires'].strip().split('\n')
    pending, packages = [Requirement(line) for line in lines], {}
    while pending:
        requirement = pending.pop()
        key = canonicalize_name(requirement.name), frozenset(requirement.extras)
        if key in packages:
            continue
        packages[key] = package = metadata.distribution(requirement.name)
        for line in package.requires or ():
            dependency = Requirement(line)
            marker = dependency.marker
            extras = requirement.extras or {''}
            if not marker or any(marker.evaluate({'extra': extra}) for extra in extras):
                pending.append(dependency)
    return {name: package for (name, _), package in packages.items()}


def test_no_dependency_requires_the_gpl_or_agpl():
    packages = run_time_packages()
    assert {'numpy', 'tensorflow', 'antspyx', 'protobuf'} <= set(packages)
    strong = [
        name
        for name, package in packages.items()
        if requires_gpl(
            package.metadata.get('License-Expression'),
            package.metadata.get('License'),
            package.metadata.get_all('Classifier') or (),
        )
    ]
    assert strong == []


APPROVED = 'License :: OSI Approved :: '


@pytest.mark.parametrize(
    'facts',
    [
        ('GPL-3.0-or-later', None, ()),
        ('MIT AND (GPL-2.0-only OR AGPL-3.0-only)', None, ()),
        (None, 'GPL-3.0', ()),
        (None, 'GPL v2 or later', ()),
        (None, 'GNU Affero General Public License v3', ()),
        (None, '\nGNU GENERAL PUBLIC LICENSE\nVersion 3 …', ()),
        (None, None, (f'{APPROVED}GNU General Public License v3 (GPLv3)',)),
        (None, 'UNKNOWN', (f'{APPROVED}GNU Affero General Public License v3',)),
    ],
)
def test_packages_that_require_the_gpl_are_detected(facts):
    assert requires_gpl(*facts)


@pytest.mark.parametrize(
    'facts',
    [
        (None, None, ()),
        ('LGPL-2.1-or-later', None, ()),
        ('MPL-2.0', 'GPL', ()),
        ('BSD-3-Clause OR GPL-2.0-only', None, ()),
        ('BSD-3-Clause AND GPL-3.0-only WITH GCC-exception-3.1', None, ()),
        (None, 'LGPLv3+', (f'{APPROVED}GNU Lesser General Public License v3 (LGPLv3)',)),
        (None, 'MIT or GPL', ()),
        (
            None,
            'Dual License',
            (f'{APPROVED}BSD License', f'{APPROVED}GNU General Public License'),
        ),
        (None, 'BSD\nwith libraries under the GPL, whose text follows', ()),
    ],
)
def test_packages_with_other_licences_are_allowed(facts):
    assert not requires_gpl(*facts)
