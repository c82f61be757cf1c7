"""No package that the app needs is under the GPL or AGPL: this project is Apache-2.0."""

import configparser
import re
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
STRONG = re.compile(r'\bA?GPL|\bGNU (Affero )?General Public Licen[cs]e', re.I)
"""GPL and AGPL; not LGPL, nor GNU Lesser (or Library) General Public License."""

WEAK = re.compile(
    r'\b(MIT|BSD|0BSD|Apache|ISC|PSF|Python Software Foundation|MPL|Mozilla|LGPL|Zlib)\b'
    r'|GNU (Lesser|Library)',
    re.I,
)
"""Licences that may be chosen in the place of the GPL where a package offers both."""


def binds(expression, text, classifiers):
    """Tell whether a package can be had under the GPL or AGPL only.

    Parameters
    ----------
    expression : str or None
        ``License-Expression``, which counts alone where it is there.
    text : str or None
        ``License``: a name or the text of a licence, of which the first line counts.
    classifiers : sequence of str

    """
    if expression:
        return not _is_free(expression)
    names = [line for line in (text or '').strip().splitlines()[:1] if line]
    names = [part for name in names for part in re.split(r'\s+or\s+|[,;/]', name, flags=re.I)]
    names += [line.rpartition('::')[2] for line in classifiers if line.startswith('License ::')]
    strong = [name for name in names if STRONG.search(name)]
    return bool(strong) and not any(WEAK.search(name) for name in names if name not in strong)


def _is_free(expression):
    """Evaluate an SPDX expression: AND binds more than OR; exceptions allow what they except."""
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
    """Return the distributions that ``setup.cfg`` asks for, and all that these need."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / 'setup.cfg')
    lines = setup['options']['install_requires'].strip().split('\n')
    wanted, found = [Requirement(line) for line in lines], {}
    while wanted:
        requirement = wanted.pop()
        key = canonicalize_name(requirement.name), frozenset(requirement.extras)
        if key in found:
            continue
        found[key] = package = metadata.distribution(requirement.name)
        for line in package.requires or ():
            needed = Requirement(line)
            extras = requirement.extras or {''}
            if not needed.marker or any(needed.marker.evaluate({'extra': e}) for e in extras):
                wanted.append(needed)
    return {name: package for (name, _), package in found.items()}


def test_no_package_is_under_the_gpl_or_agpl():
    packages = run_time_packages()
    assert {'numpy', 'tensorflow', 'antspyx', 'protobuf'} <= set(packages)
    bound = [
        name
        for name, package in packages.items()
        if binds(
            package.metadata['License-Expression'],
            package.metadata['License'],
            package.metadata.get_all('Classifier') or (),
        )
    ]
    assert bound == []


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
def test_what_binds(facts):
    assert binds(*facts)


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
def test_what_does_not_bind(facts):
    assert not binds(*facts)
