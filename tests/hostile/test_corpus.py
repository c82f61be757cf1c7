"""Every bad input ends in one clear error message of the function that reads it."""

import contextlib
import os
import shutil
import tempfile
from collections import Counter
from pathlib import Path

import pytest

from tests.hostile.corpus import all_cases
from tests.hostile.runner import Verdict, find_problems, run

CASES = all_cases()


def test_the_corpus_is_large_and_its_titles_are_unique():
    assert len(CASES) >= 500
    assert max(Counter(case.title for case in CASES).values()) == 1


@pytest.fixture
def folder():
    """Return a folder that is removed after the test, also if names in it are not UTF-8."""
    path = Path(tempfile.mkdtemp(prefix='hostile-'))
    with contextlib.chdir(path):
        yield path
    shutil.rmtree(os.fsencode(path))


def _param(case):
    return pytest.param(case, id=case.title, marks=[pytest.mark.slow] if case.is_slow else [])


@pytest.mark.filterwarnings('ignore')  # as users run it
@pytest.mark.parametrize('case', [_param(case) for case in CASES])
def test_a_bad_input_is_handled(case, folder):
    verdict = run(case, folder)
    assert find_problems(case, verdict) == [], verdict


@pytest.mark.parametrize(
    ('verdict', 'number'),
    [
        (Verdict(1, ('sub-bad.tsv is damaged',)), 0),
        (Verdict(0, ('sub-bad.tsv is damaged',)), 1),
        (Verdict(1, ()), 1),
        (Verdict(1, ('sub-bad.tsv is damaged',) * 2), 1),
        (Verdict(1, ('sub-bad.tsv is\ndamaged',)), 1),
        (Verdict(1, ('sub-bad.tsv is damaged', 'Traceback (most recent')), 1),
        (Verdict(1, ('sub-bad.tsv is damaged',), crash='ValueError'), 1),
        (Verdict(1, ('sub-bad.tsv is damaged',), harm='sub-good is missing'), 1),
        (Verdict(1, ('sub-bad.tsv is damaged',), memory=5 * 10**9), 1),
    ],
)
def test_each_problem_of_a_verdict_is_listed(verdict, number):
    case = next(case for case in CASES if case.reader == 'result' and case.message == 'sub-bad')
    assert len(find_problems(case, verdict)) == number
