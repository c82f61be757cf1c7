"""Fill the tables of the pages in docs from the JSON files behind them.

Usage: python scripts/make_validation_tables.py [--validation DIR] [PAGE ...]

Between ``<!-- begin: NAME -->`` and ``<!-- end: NAME -->`` of a page stands what the macro NAME of
``docs/validation/tables.md.j2`` makes of the JSON files, so that no measured number is typed by
hand. A block whose file does not exist yet says so.
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

ROOT = Path(__file__).parents[1]
NAMES = ('validation', 'model_card', 'training', 'simulator')
PAGES = tuple(ROOT / 'docs' / f'{name}.md' for name in NAMES)
BLOCK = re.compile(r'(<!-- begin: (\S+) -->\n).*?(<!-- end: \2 -->)', re.DOTALL)
MISSING = '*Not measured yet.*\n'
SCRIPT = re.compile(r'^(?:PYTHONPATH=\. )?python benchmarks/(\w+)\.py')


class Results(dict):
    """The JSON files of a folder by their names, read when asked for."""

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
    """Return a share in per cent; a dash for None."""
    return '–' if value is None else f'{100 * value:.0f}%'


def share(value: float, n: int) -> str:
    """Return a share of n in per cent, with its exact 95 % interval (Clopper & Pearson 1934).

    Examples
    --------
    >>> share(0.9, 100)
    '90% (82–95)'

    """
    ends = binomtest(round(value * n), n).proportion_ci()
    return f'{percent(value)} ({100 * ends.low:.0f}–{100 * ends.high:.0f})'


def span(values: Iterable[float | None]) -> str:
    """Return the smallest and the largest share in per cent, without None."""
    known = [value for value in values if value is not None]
    return f'{percent(min(known))} to {percent(max(known))}'


def icc(value: Mapping) -> str:
    """Return an ICC and its interval; a dash where it is not defined."""
    if None in value.values():
        return '–'
    return '{value:.3f} ({low:.2f}–{high:.2f})'.format(**value)


def as_run_today(command: str) -> str:
    """Return a recorded command as it is run since benchmarks are modules.

    Examples
    --------
    >>> as_run_today('python benchmarks/roi.py RESULTS')
    'python -m benchmarks.roi RESULTS'

    """
    return SCRIPT.sub(r'python -m benchmarks.\1', command)


def tightest_steps(runs: Iterable[Mapping]) -> list[tuple[str, Mapping]]:
    """Return each step in the run in which it came closest to what it declares."""
    steps: dict[str, Mapping] = {}
    for run in runs:
        for name, step in run['steps'].items():
            steps[name] = max(step, steps.get(name, step), key=_tightness)
    return sorted(steps.items())


def _tightness(step: Mapping) -> float:
    return step['measured_gb'] / step['declared_gb']


def make_blocks(validation: Path) -> jinja2.environment.TemplateModule:
    """Return the template's macros, for the results of a folder and the cascade that ships."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(ROOT / 'docs' / 'validation'),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters = (number, percent, share, span, icc, median, as_run_today, tightest_steps)
    environment.filters |= {function.__name__: function for function in filters}
    environment.filters |= {'signed': '{:+.1f}'.format, 'thousands': '{:,}'.format}
    text = data.path('cascade', 'card.json').read_bytes()
    card, sha256 = json.loads(text), hashlib.sha256(text).hexdigest()
    environment.tests['measured'] = lambda name: (validation / f'{name}.json').is_file()
    # A cascade that was converted is the same, with the same weights in other files.
    names = {sha256, card['training'].get('converted_from', {}).get('model_sha256')}
    environment.tests['of_this_model'] = lambda record: (
        record.get('weights') == card['checksums'] or record['model_sha256'] in names
    )
    environment.globals |= {'results': Results(validation), 'ours': card, 'sha256': sha256}
    environment.globals['zip'] = zip
    return environment.get_template('tables.md.j2').module


def fill(text: str, blocks: jinja2.environment.TemplateModule) -> str:
    """Return a page with its blocks made again."""

    def make(match: re.Match) -> str:
        try:
            made = getattr(blocks, match[2])().strip('\n') + '\n'
        except FileNotFoundError:
            made = MISSING
        return match[1] + made + match[3]

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
