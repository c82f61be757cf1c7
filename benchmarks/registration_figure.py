"""The figure of ``registration.py``, drawn from its JSON files."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullLocator

from pvs_workflow.lab.training.curves import save_chart
from pvs_workflow.report.canvas import INK, PAPER, figure_style, new_figure

# As in the charts of the reports: blue for the subject, grey for the comparison.
COLOURS = {'ours': '#0072B2', 'stock': '#9AA5B1'}
LINE = '#5B6673'
_SIZE = 9


def draw(folder: Path) -> Path | None:
    """Draw ``registration_PART.json`` files of a folder, if any, to ``registration.png``."""
    files = {part: folder / f'registration_{part}.json' for part in PANELS}
    records = {p: json.loads(file.read_text()) for p, file in files.items() if file.exists()}
    return (
        save_chart(folder / 'registration.png', registration_figure(records)) if records else None
    )


@figure_style()
def registration_figure(records: Mapping[str, dict]):
    """Show time, target registration errors and Dice of the existing parts side by side."""
    figure = new_figure(4.6 * len(records), 4.0, PAPER)
    axes = figure.subplots(1, len(records), squeeze=False)[0]
    for ax, (part, record) in zip(axes, records.items(), strict=True):
        PANELS[part](ax, record)
        ax.spines[['top', 'right']].set_visible(False)
        ax.spines[['left', 'bottom']].set_color(LINE)
        ax.tick_params(colors=INK, labelsize=_SIZE - 1)
    figure.tight_layout()
    return figure


def _times(ax: Axes, record: dict) -> None:
    sessions = record['sessions']
    columns = np.arange(len(sessions))
    for shift, method in ((-0.2, 'stock'), (0.2, 'ours')):
        walls = [row[method]['wall_s'] for row in sessions]
        ax.bar(columns + shift, walls, 0.38, color=COLOURS[method], label=method)
    for column, row in zip(columns, sessions, strict=True):
        text, height = f'{100 * row["ratios"]["wall_s"]:.0f} %', row['ours']['wall_s']
        style = {'ha': 'center', 'va': 'bottom', 'fontsize': _SIZE - 2, 'color': INK}
        ax.text(column + 0.2, height, text, **style)
    ax.set_xticks(columns, [row['session'].replace('_', '\n') for row in sessions])
    ax.margins(y=0.25)
    _labels(ax, 'all registrations of a session', 'wall time (s)')


def _errors(ax: Axes, record: dict) -> None:
    groups = {
        'real, as is': ('draws', 'kind', 'undisturbed'),
        'real, moved': ('draws', 'kind', 'moved'),
        'real, lost origin': ('draws', 'kind', 'lost origin'),
        'simulated, ours': ('people', 'method', 'ours'),
        'simulated, stock': ('people', 'method', 'stock'),
    }
    errors = {
        name: [r['mean_tre_mm'] for r in record[rows] if r[key] == value and r['mean_tre_mm']]
        for name, (rows, key, value) in groups.items()
    }
    errors = {name: values for name, values in errors.items() if values}
    rng = np.random.default_rng(1)
    for column, (name, values) in enumerate(errors.items()):
        across = column + rng.uniform(-0.22, 0.22, len(values))
        colour = COLOURS['stock' if 'stock' in name else 'ours']
        ax.scatter(across, values, s=12, color=colour, alpha=0.7, linewidths=0)
        ax.hlines(np.median(values), column - 0.32, column + 0.32, color=INK, linewidth=1.2)
    for method, colour in COLOURS.items():
        ax.scatter([], [], s=12, color=colour, label=method)
    _slant_labels(ax, errors)
    # Failed alignments are off by centimetres, good ones by tenths of a millimetre.
    ax.set_yscale('log')
    # Plain numbers: the house style does not typeset powers of ten.
    ax.yaxis.set_major_formatter('{x:g}')
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.margins(y=0.25)
    _labels(ax, 'rigid alignments (line: median)', 'mean error in the nuclei (mm)')


def _overlaps(ax: Axes, record: dict) -> None:
    series = {
        'ours': (record['ours'], COLOURS['ours']),
        'ours, same people as stock': (record['ours_same_people'], LINE),
        'stock': (record['stock'], COLOURS['stock']),
    }
    series = {label: pair for label, pair in series.items() if pair[0]['n'] > pair[0]['errors']}
    width = 0.8 / max(len(series), 1)
    for i, (label, (summary, colour)) in enumerate(series.items()):
        scores = {name: s for name, s in summary['dice'].items() if 'median' in s}
        across = np.arange(len(scores)) + (i - (len(series) - 1) / 2) * width
        medians = np.array([s['median'] for s in scores.values()])
        quartiles = np.array([s['quartiles'] for s in scores.values()]).T
        bars = np.clip([medians - quartiles[0], quartiles[1] - medians], 0, None)
        style = {'fmt': 'o', 'ms': 4, 'color': colour, 'elinewidth': 1.2}
        ax.errorbar(across, medians, bars, label=label, **style)
        _slant_labels(ax, scores)
    ax.set_ylim(0, 1)
    _labels(ax, 'simulated people (bars: quartiles)', 'Dice', 'lower left')


PANELS = {'speed': _times, 'rigid': _errors, 'overlap': _overlaps}


def _slant_labels(ax: Axes, names) -> None:
    ax.set_xticks(range(len(names)), list(names))
    for label in ax.get_xticklabels():
        label.set(rotation=35, ha='right', rotation_mode='anchor')


def _labels(ax: Axes, title: str, label: str, corner: str = 'upper left') -> None:
    ax.set_title(title, fontsize=_SIZE, color=INK, loc='left')
    ax.set_ylabel(label, fontsize=_SIZE, color=INK)
    ax.legend(fontsize=_SIZE - 2, frameon=False, loc=corner)
