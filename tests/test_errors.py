"""Printable one-line messages, and exit codes of errors."""

import pytest

from pvs_workflow import errors
from pvs_workflow.errors import PVSError, one_line


@pytest.mark.parametrize(
    ('text', 'line'),
    [
        ('a\nb\tc', 'a b c'),
        ('\x1b[31mred', '\\x1b[31mred'),
        ('name \udcff', 'name \\udcff'),
        ('α', 'α'),
    ],
)
def test_a_message_is_one_line(text, line):
    assert str(PVSError(text)) == line


def test_the_middle_of_a_long_message_is_left_out():
    line = one_line('begin ' + 'x' * 10_000 + ' end')
    assert line.startswith('begin ') and line.endswith(' end')
    assert len(line) == errors.MAX_MESSAGE


def test_every_kind_of_invalid_input_has_an_exit_code():
    kinds = (errors.InvalidDatasetError, errors.NoMatchError, errors.NoInputError)
    assert [kind.exit_code for kind in kinds] == [16, 18, 66]
    assert errors.ImageError.exit_code == PVSError.exit_code == 1
