"""The figure of ``registration.py``, drawn from the files it wrote.

Usage: python -m benchmarks.registration_figure OUTPUT_DIR
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullLocator

from pvs_workflow.files import atomic_path
from pvs_workflow.report.canvas import INK, PAPER, house_style, new_figure

# As in the charts of the reports: blue is what is shown, grey what it is compared with.
COLOURS = {'ours': '#0072B2', 'stock': '#9AA5B1'}
LINE = '#5B6673'
PARTS = ('speed', 'rigid', 'overlap')
_DOTS_PER_INCH = 120
_SIZE = 9


def draw(folder: Path) -> Path | None:
    """Draw the parts that a folder has; nothing where it has none of them.

    Parameters
    ----------
    folder : Path
        With ``registration_PART.json`` files; gets ``registration.png``.

    """
    records = {
        part: json.loads(path.read_text())
        for part in PARTS
        if (path := folder / f'registration_{part}.json').exists()
    }
    if not records:
        return None
    target = folder / 'registration.png'
    with atomic_path(target) as path:
        registration_figure(records).savefig(path, dpi=_DOTS_PER_INCH, metadata={'Software': None})
    return target


@house_style()
def registration_figure(records: Mapping[str, dict]):
    """Show time, target registration errors and Dice side by side.

    Parameters
    ----------
    records : mapping
        The content of the files, by part, one at least.

    Returns
    -------
    matplotlib.figure.Figure

    """
    panels = {'speed': _times, 'rigid': _errors, 'overlap': _overlaps}
    figure = new_figure(4.6 * len(records), 4.0, PAPER)
    axes = figure.subplots(1, len(records), squeeze=False)[0]
    for ax, (part, record) in zip(axes, records.items(), strict=True):
        panels[part](ax, record)
        ax.spines[['top', 'right']].set_visible(False)
        ax.spines[['left', 'bottom']].set_color(LINE)
        ax.tick_params(colors=INK, labelsize=_SIZE - 1)
    figure.tight_layout()
    return figure


def _times(ax: Axes, record: dict) -> None:
    sessions = record['sessions']
    places = np.arange(len(sessions))
    for shift, method in ((-0.2, 'stock'), (0.2, 'ours')):
        walls = [row[method]['wall_s'] for row in sessions]
        ax.bar(places + shift, walls, 0.38, color=COLOURS[method], label=method)
    for place, row in zip(places, sessions, strict=True):
        height = row['ours']['wall_s']
        text = f'{100 * row["ratios"]["wall_s"]:.0f} %'
        ax.text(place + 0.2, height, text, ha='center', va='bottom', fontsize=_SIZE - 2, color=INK)
    names = [row['session'].replace('_', '\n') for row in sessions]
    ax.set_xticks(places, names)
    ax.margins(y=0.25)
    _labels(ax, 'all registrations of a session', 'wall time (s)')


def _errors(ax: Axes, record: dict) -> None:
    groups = {
        'real, as is': ('ours', _of(record['draws'], 'kind', 'undisturbed')),
        'real, moved': ('ours', _of(record['draws'], 'kind', 'moved')),
        'real, lost origin': ('ours', _of(record['draws'], 'kind', 'lost origin')),
        'simulated, ours': ('ours', _of(record['people'], 'method', 'ours')),
        'simulated, stock': ('stock', _of(record['people'], 'method', 'stock')),
    }
    groups = {name: group for name, group in groups.items() if group[1]}
    rng = np.random.default_rng(1)
    for place, (method, errors) in enumerate(groups.values()):
        across = place + rng.uniform(-0.22, 0.22, len(errors))
        ax.scatter(across, errors, s=12, color=COLOURS[method], alpha=0.7, linewidths=0)
        ax.hlines(np.median(errors), place - 0.32, place + 0.32, color=INK, linewidth=1.2)
    for method, colour in COLOURS.items():
        ax.scatter([], [], s=12, color=colour, label=method)
    ax.set_xticks(range(len(groups)), list(groups))
    _slant(ax)
    # A lost alignment is off by centimetres, a good one by tenths of a millimetre.
    ax.set_yscale('log')
    # Plain numbers: the house style does not typeset powers of ten.
    ax.yaxis.set_major_formatter('{x:g}')
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.margins(y=0.25)
    _labels(ax, 'rigid alignments (line: median)', 'mean error in the nuclei (mm)')


def _of(rows: list[dict], key: str, value: str) -> list[float]:
    return [row['mean_tre_mm'] for row in rows if row[key] == value and row['mean_tre_mm']]


def _overlaps(ax: Axes, record: dict) -> None:
    shown = {
        'ours': (record['ours'], COLOURS['ours']),
        'ours, same people as stock': (record['ours_same_people'], LINE),
        'stock': (record['stock'], COLOURS['stock']),
    }
    shown = {label: pair for label, pair in shown.items() if pair[0]['n'] > pair[0]['errors']}
    width = 0.8 / max(len(shown), 1)
    for i, (label, (found, colour)) in enumerate(shown.items()):
        scores = {name: s for name, s in found['dice'].items() if 'median' in s}
        places = np.arange(len(scores)) + (i - (len(shown) - 1) / 2) * width
        medians = np.array([s['median'] for s in scores.values()])
        quartiles = np.array([s['quartiles'] for s in scores.values()]).T
        bars = np.clip([medians - quartiles[0], quartiles[1] - medians], 0, None)
        ax.errorbar(
            places, medians, bars, fmt='o', ms=4, color=colour, label=label, elinewidth=1.2
        )
        ax.set_xticks(range(len(scores)), list(scores))
    _slant(ax)
    ax.set_ylim(0, 1)
    _labels(ax, 'simulated people (bars: quartiles)', 'Dice')


def _slant(ax: Axes) -> None:
    for label in ax.get_xticklabels():
        label.set(rotation=35, ha='right', rotation_mode='anchor')


def _labels(ax: Axes, title: str, label: str) -> None:
    ax.set_title(title, fontsize=_SIZE, color=INK, loc='left')
    ax.set_ylabel(label, fontsize=_SIZE, color=INK)
    ax.legend(
        fontsize=_SIZE - 2, frameon=False, loc='lower left' if label == 'Dice' else 'upper left'
    )


if __name__ == '__main__':
    draw(Path(sys.argv[1]))
