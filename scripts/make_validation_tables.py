"""Fill the tables of the pages in docs from JSON files, so that no number is typed by hand.

Usage: python scripts/make_validation_tables.py [--validation DIR] [PAGE ...]

The text between ``<!-- begin: NAME -->`` and ``<!-- end: NAME -->`` of a page is the output of the
macro NAME of ``docs/validation/tables.md.j2``. Without a JSON file, it states that nothing was
measured yet.
"""

import argparse
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from statistics import median

import jinja2
from scipy.stats import binomtest

from pvs_workflow import data
from pvs_workflow.lab.evaluation.filters import TITLES

ROOT = Path(__file__).parents[1]
NAMES = ('validation', 'model_card', 'training', 'simulator')
PAGES = tuple(ROOT / 'docs' / f'{name}.md' for name in NAMES)
BLOCK = re.compile(r'(<!-- begin: (\S+) -->\n).*?(<!-- end: \2 -->)', re.DOTALL)
MISSING = '*Not measured yet.*\n'
SCRIPT = re.compile(r'^(?:PYTHONPATH=\. )?python benchmarks/(\w+)\.py')


class Results(dict):
    """The JSON files of a folder by name, read on first access."""

    def __init__(self, folder: Path) -> None:
        super().__init__(nuclei=json.loads(data.path('nuclei', 'nuclei.json').read_text('utf-8')))
        self.folder = folder

    def __missing__(self, name: str) -> dict:
        self[name] = json.loads((self.folder / f'{name}.json').read_text('utf-8'))
        return self[name]


def number(value: float | None, digits: int = 1) -> str:
    """Return a number; a dash for None."""
    return '–' if value is None else f'{value:.{digits}f}'


def percent(value: float | None) -> str:
    """Return a share in percent; a dash for None."""
    return '–' if value is None else f'{100 * value:.0f}%'


def share(value: float, n: int) -> str:
    """Return a share of n in percent, with its exact 95 % interval (Clopper & Pearson 1934).

    Examples
    --------
    >>> share(0.9, 100)
    '90% (82–95)'

    """
    ends = binomtest(round(value * n), n).proportion_ci()
    return f'{percent(value)} ({100 * ends.low:.0f}–{100 * ends.high:.0f})'


def span(values: Iterable[float | None]) -> str:
    """Return the smallest and the largest share in percent, without None."""
    shares = [value for value in values if value is not None]
    return f'{percent(min(shares))} to {percent(max(shares))}'


def icc(value: Mapping) -> str:
    """Return an ICC and its interval; a dash if it is undefined."""
    if None in value.values():
        return '–'
    return '{value:.3f} ({low:.2f}–{high:.2f})'.format(**value)


def present_command(command: str) -> str:
    """Return a recorded command in its present form: benchmarks are modules now.

    Examples
    --------
    >>> present_command('python benchmarks/roi.py RESULTS')
    'python -m benchmarks.roi RESULTS'

    """
    return SCRIPT.sub(r'python -m benchmarks.\1', command)


def tightest_steps(runs: Iterable[Mapping]) -> list[tuple[str, Mapping]]:
    """Return each step in the run in which it came closest to its declared memory."""
    steps: dict[str, Mapping] = {}
    for run in runs:
        for name, step in run['steps'].items():
            steps[name] = max(step, steps.get(name, step), key=_tightness)
    return sorted(steps.items())


def _tightness(step: Mapping) -> float:
    return step['measured_gb'] / step['declared_gb']


def make_blocks(validation: Path) -> jinja2.environment.TemplateModule:
    """Return the template's macros for the results of a folder and the shipped cascade."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(ROOT / 'docs' / 'validation'),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters = (number, percent, share, span, icc, median, present_command, tightest_steps)
    environment.filters |= {function.__name__: function for function in filters}
    environment.filters |= {'signed': '{:+.1f}'.format, 'thousands': '{:,}'.format}
    text = data.path('cascade', 'card.json').read_bytes()
    card, sha256 = json.loads(text), hashlib.sha256(text).hexdigest()
    environment.tests['measured'] = lambda name: (validation / f'{name}.json').is_file()
    # A converted cascade has the same weights, in other files.
    checksums = {sha256, card['training'].get('converted_from', {}).get('model_sha256')}
    environment.tests['of_this_model'] = lambda record: (
        record.get('weights') == card['checksums'] or record['model_sha256'] in checksums
    )
    environment.globals |= {'results': Results(validation), 'ours': card, 'sha256': sha256}
    environment.globals |= {'TITLES': TITLES, 'zip': zip}
    return environment.get_template('tables.md.j2').module


def fill(text: str, blocks: jinja2.environment.TemplateModule) -> str:
    """Return a page with its blocks replaced."""

    def make(match: re.Match) -> str:
        try:
            block = getattr(blocks, match[2])().strip('\n') + '\n'
        except FileNotFoundError:
            block = MISSING
        return match[1] + block + match[3]

    return BLOCK.sub(make, text)


def main() -> None:
    """Fill all pages."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('pages', nargs='*', type=Path, default=PAGES)
    parser.add_argument('--validation', type=Path, default=ROOT / 'docs' / 'validation')
    args = parser.parse_args()
    blocks = make_blocks(args.validation)
    for page in args.pages:
        page.write_text(fill(page.read_text('utf-8'), blocks), 'utf-8')


if __name__ == '__main__':
    main()
