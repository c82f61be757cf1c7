from argparse import ArgumentTypeError

import pytest

from pvs_workflow.lab.cli.arguments import whole


def test_numbers_that_seeds_may_be_are_read():
    assert [whole(0)(text) for text in ('0', '7', '4294967295')] == [0, 7, 2**32 - 1]


@pytest.mark.parametrize('text', ['0', '-1', '1.5', '4294967296', 'two', '', '²'])
def test_others_are_refused(text):
    with pytest.raises(ArgumentTypeError, match='expected a whole number from 1 to'):
        whole(1)(text)
