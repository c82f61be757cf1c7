"""Every bad input ends in one clear sentence, in the room that reads it."""

import contextlib
import os
import shutil
import tempfile
from collections import Counter
from pathlib import Path

import pytest

from tests.hostile.corpus import all_cases
from tests.hostile.runner import Verdict, judge, run

CASES = all_cases()


def test_the_corpus_is_large_and_its_names_tell_its_cases_apart():
    assert len(CASES) >= 500
    assert max(Counter(case.title for case in CASES).values()) == 1


@pytest.fixture
def folder():
    """Return a folder that is gone at once afterwards, whatever names are in it."""
    path = Path(tempfile.mkdtemp(prefix='hostile-'))
    with contextlib.chdir(path):
        yield path
    shutil.rmtree(os.fsencode(path))


def _marked(case):
    return pytest.param(case, id=case.title, marks=[pytest.mark.slow] if case.is_slow else [])


@pytest.mark.filterwarnings('ignore')  # as users run it
@pytest.mark.parametrize('case', [_marked(case) for case in CASES])
def test_it_is_handled_as_promised(case, folder):
    verdict = run(case, folder)
    assert judge(case, verdict) == [], verdict


@pytest.mark.parametrize(
    ('verdict', 'wrong'),
    [
        (Verdict(1, ('sub-bad.tsv is damaged',)), 0),
        (Verdict(0, ('sub-bad.tsv is damaged',)), 1),
        (Verdict(1, ()), 1),
        (Verdict(1, ('sub-bad.tsv is damaged',) * 2), 1),
        (Verdict(1, ('sub-bad.tsv is\ndamaged',)), 1),
        (Verdict(1, ('sub-bad.tsv is damaged', 'Traceback (most recent')), 1),
        (Verdict(1, ('sub-bad.tsv is damaged',), crash='ValueError'), 1),
        (Verdict(1, ('sub-bad.tsv is damaged',), harmed='sub-good is gone'), 1),
        (Verdict(1, ('sub-bad.tsv is damaged',), memory=5 * 10**9), 1),
    ],
)
def test_the_judge_sees_each_fault(verdict, wrong):
    case = next(case for case in CASES if case.room == 'result' and case.says == 'sub-bad')
    assert len(judge(case, verdict)) == wrong
