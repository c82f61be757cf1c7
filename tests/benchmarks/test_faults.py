"""The benchmark of kills, on a small command that behaves like the app."""

import random
import sys

import pytest

from benchmarks import faults
from benchmarks.outputs import compare, contents

APP = """
import pathlib, sys, time
out = pathlib.Path('out')
(out / 'logs').mkdir(parents=True, exist_ok=True)
(out / 'logs' / f'{time.monotonic_ns()}.log').touch()
for step in range(1, 5):
    target = out / f'result-{step}.tsv'
    if not target.exists():
        time.sleep(0.15)
        folder = out / f'.writing-{step}'
        folder.mkdir(exist_ok=True)
        (folder / target.name).write_text('1' * 50)
        time.sleep(0.1)
        half = sys.argv[1:] == ['half'] and step == 3
        (folder / target.name).write_text('1' * (5 if half else 100))
        (folder / target.name).replace(target)
        folder.rmdir()
    print(f'{step} of 4 steps', flush=True)
for folder in out.glob('.writing-*'):
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
time.sleep(0.5)
"""


@pytest.fixture
def app():
    return [sys.executable, '-c', APP]


@pytest.fixture
def reference(app, tmp_path):
    return faults.undisturbed_output(app, tmp_path / 'undisturbed')


@pytest.mark.parametrize('kind', ['start', 'step', 'write', 'end'])
def test_a_kill_happens_at_its_moment_and_the_command_resumes(app, reference, tmp_path, kind):
    kills = [faults.Kill(0, kind, 0.0)]
    hits, n_compared = faults.kill_repeatedly(app, tmp_path, kills, reference, random.Random(3))
    assert hits == kills
    assert kills[0].problems == []
    assert kills[0].survived
    # Any step up to the last may be drawn.
    assert kills[0].steps in {'end': {4}, 'step': {1, 2, 3, 4}}.get(kind, {0, 1, 2, 3})
    assert n_compared >= len(reference) == 4


def test_a_command_with_other_output_after_a_kill_is_reported(app, reference, tmp_path):
    kills = [faults.Kill(0, 'start', 0.0)]
    hits, _ = faults.kill_repeatedly([*app, 'half'], tmp_path, kills, reference, random.Random(3))
    assert not hits[0].survived
    assert any(text.startswith('result-3.tsv') for text in hits[0].problems)


def test_missing_different_and_leftover_files_are_reported(reference, tmp_path):
    out = tmp_path / 'undisturbed' / 'out'
    (out / 'result-1.tsv').unlink()
    (out / 'result-2.tsv').write_text('2')
    (out / 'more.tsv').touch()
    (out / '.writing-9').mkdir()
    assert compare(out, reference) == [
        'result-1.tsv is missing',
        'more.tsv is unexpected',
        'more.tsv differs',
        'result-2.tsv differs',
        '.writing-9 is left over',
    ]


def test_names_of_runs_are_ignored(tmp_path):
    name = '20250101-120000_0123abcd-0123-0123-0123-0123456789ab'
    (tmp_path / 'sub-01.html').write_text(f'run {name}, done')
    assert contents(tmp_path) == {'sub-01.html': b'run RUN, done'}


def test_moments_are_drawn_with_the_end_last():
    kills = faults.draw_kills(40, 1, random.Random(0))
    kinds = [kill.kind for kill in kills]
    assert set(kinds) == set(faults.KINDS)
    assert kinds == sorted(kinds, key=lambda kind: kind == 'end')
    assert all(0 <= kill.wait <= 4 for kill in kills)
