"""The validation command, on very few images."""

import json

import pytest

from benchmarks.validation import shift_figure
from pvs_workflow import data
from tests.builders.lab import run_benchmark


def test_the_real_part_needs_real_scans(tmp_path):
    process = run_benchmark('validation', tmp_path, tmp_path, '--parts', 'real')
    assert process.returncode == 2
    assert 'real need --real' in process.stderr


@pytest.mark.slow
def test_parts_write_files_and_figures(tmp_path):
    words = ('--parts', 'paper', 'speed', '--n-paper', 1, '--repeats', 2, '--n-cpus', 1)
    process = run_benchmark('validation', data.path('cascade'), tmp_path / 'out', *words)
    assert process.returncode == 0, process.stderr
    names = sorted(path.name for path in (tmp_path / 'out').iterdir())
    assert names == ['paper.json', 'paper.png', 'paper_reliability.png', 'speed.json']
    record = json.loads((tmp_path / 'out' / 'paper.json').read_text())
    assert record['command'] == (
        'python -m benchmarks.validation cascade out --parts paper --seed 7001 --n-paper 1'
    )
    assert str(tmp_path) not in json.dumps(record)
    assert record['true_roi']['n_images'] == 6
    runs = json.loads((tmp_path / 'out' / 'speed.json').read_text())['runs']
    assert [run['threads'] for run in runs] == [1, 2]
    assert all(0 < run['median_s'] <= run['worst_s'] < run['first_s'] for run in runs)


def test_the_figure_has_a_column_per_factor_and_a_row_per_measure():
    part = {'mae': 2.0, 'image_accuracy': 0.8, 'interval_coverage': 0.9}
    levels = [{'level': level, 'true_roi': part, 'roi_errors': part} for level in (0.5, 1.0)]
    factors = {'pixel': levels, 'snr': levels}
    figure = shift_figure(factors, {'pixel': 'pixel (mm)', 'snr': 'SNR'})
    assert len(figure.axes) == 6
    assert [axes.get_xlabel() for axes in figure.axes[::3]] == ['pixel (mm)', 'SNR']
    assert figure.axes[0].get_ylim() == (0, pytest.approx(2.2))
