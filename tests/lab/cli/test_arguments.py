from argparse import ArgumentTypeError

import pytest

from pvs_workflow.lab.cli.arguments import whole_number


def test_the_range_of_seeds_is_accepted():
    assert [whole_number(0)(text) for text in ('0', '7', '4294967295')] == [0, 7, 2**32 - 1]


@pytest.mark.parametrize('text', ['0', '-1', '1.5', '4294967296', 'two', '', '²'])
def test_text_that_is_not_a_seed_is_refused(text):
    with pytest.raises(ArgumentTypeError, match='is not a whole number from 1 to'):
        whole_number(1)(text)
