"""Messages of errors: short, plain, and all in the documentation."""

import re

import pytest

from scripts.make_error_table import GROUPS, PAGE, SOURCES, Module, fill, find_messages
from tests.builders.source import PACKAGE

MAX_WORDS = 25
_VALUE = r'(\{[^}]+\}|\d|"[^"]+"|[A-Z]{2,})'
COMPARISON = re.compile(rf'expected [^,;]*{_VALUE}[^;]*, received [^,;]*(\{{|\d)')
"""Both what was expected and what was received name a value."""

SAMPLE = '''
SIZES = (3, 4)

def check(path, sizes, is_new):
    """Check sizes, but this is not a message."""
    if is_new:
        raise ValueError(f'{path} has {len(sizes)}' + f'; give {", ".join(map(str, SIZES))}')
    text = f'{path} is {"a file" if path.is_file() else "not here"}'
    raise PVSError(text)

def report(label, error):
    log.error('sub-%s: cannot read: %s', label, error.strerror or error)
    log.error('%s', error)
    log.info('all is well here')
'''


@pytest.fixture
def sample(tmp_path, monkeypatch):
    """Return the messages of a package with one file."""
    path = tmp_path / 'package_of_messages' / 'sample.py'
    path.parent.mkdir(parents=True)
    path.write_text(SAMPLE, 'utf-8')
    monkeypatch.syspath_prepend(tmp_path)
    return list(Module(path.parent, path).messages())


def test_messages_have_readable_placeholders(sample):
    assert [(one.kind, one.text) for one in sample] == [
        ('ValueError', '{path} has {number}; give 3, 4'),
        ('PVSError', '{path} is {a file or not here}'),
        ('error', 'sub-{label}: cannot read: {error}'),
    ]


def test_a_placeholder_is_one_word(sample):
    assert [one.words for one in sample] == [5, 3, 4]


def test_rows_have_the_exit_code_and_the_class(sample):
    assert [one.row.partition('` | ')[2] for one in sample] == [
        ' | `ValueError` |',
        '1 | `PVSError` |',
        '1 |  |',
    ]


def where(messages):
    """Return one line for each message."""
    return '\n'.join(f'{one.module}:{one.line}: {one.text}' for one in messages)


def test_no_message_is_long():
    long = [one for one in find_messages() if one.words > MAX_WORDS]
    assert not long, where(long)


def test_expected_and_received_name_values():
    compared = [one for one in find_messages() if re.search(r'expected\b.*received\b', one.text)]
    vague = [one for one in compared if not COMPARISON.search(one.text)]
    assert not vague, where(vague)


@pytest.mark.parametrize(
    ('text', 'is_right'),
    [
        ('expected {columns}, received {columns}', True),
        ('{path} is damaged: expected 3 rows, received {number}', True),
        ('expected an image, received {error}', False),
        ('expected 3 rows, received none', False),
    ],
)
def test_expressions_that_name_values_are_recognised(text, is_right):
    assert bool(COMPARISON.search(text)) == is_right


def test_the_page_lists_the_messages_of_the_code():
    page = PAGE.read_text('utf-8')
    assert fill(page) == page, 'run python scripts/make_error_table.py'


def test_each_part_of_the_program_has_messages():
    groups = {one.group for one in find_messages()}
    assert groups == set(GROUPS)
    assert all((PACKAGE / path).is_file() for path in SOURCES)
    assert '| 129, 130, 143 |' in PAGE.read_text('utf-8')
