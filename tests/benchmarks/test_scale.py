"""The benchmark of dataset sizes, on small datasets."""

import json
import os
from pathlib import Path

import nibabel as nb
import pytest

from benchmarks import trees
from tests.builders.lab import run_benchmark


def test_a_tree_is_a_dataset_of_readable_images(tmp_path):
    number = trees.make_tree(tmp_path / 'a', 30, seed=3)
    files = [path for path in (tmp_path / 'a').rglob('*') if path.is_file()]
    assert number == len(files)
    assert len(list((tmp_path / 'a').glob('sub-*'))) == 30
    assert 30 < len(list((tmp_path / 'a').glob('sub-*/ses-*'))) < 50
    image = nb.load(tmp_path / 'a/sub-00007/ses-01/anat/sub-00007_ses-01_T2w.nii.gz')
    assert image.get_fdata().shape == (4, 4, 4)
    trees.make_tree(tmp_path / 'b', 30, seed=3)
    names = [
        sorted(path.relative_to(tmp_path / name) for path in (tmp_path / name).rglob('*'))
        for name in 'ab'
    ]
    assert names[0] == names[1]


def test_a_source_with_too_many_links_is_replaced(tmp_path, monkeypatch):
    linker = trees.Linker(tmp_path / 'contents')
    linker.add('x', b'content')
    real = os.link

    def link(source, target):
        if Path(source).stat().st_nlink > 2:
            raise OSError(31, 'Too many links')
        real(source, target)

    monkeypatch.setattr(os, 'link', link)
    for number in range(7):
        linker.put('x', str(tmp_path / f'{number}'))
    assert {(tmp_path / f'{number}').read_bytes() for number in range(7)} == {b'content'}
    assert len({(tmp_path / f'{number}').stat().st_ino for number in range(7)}) == 4


@pytest.mark.slow
def test_the_benchmark_runs_on_small_datasets(tmp_path):
    def run(*words):
        process = run_benchmark('scale', *words)
        assert process.returncode == 0, process.stderr
        return json.loads((tmp_path / 'a.json').read_text())

    shared = ('--sizes', 6, 12, '--repeats', 1, '--keep', tmp_path / 'k')
    shared += ('--out', tmp_path / 'a.json')
    record = run('first', 'everyone', 'index', *shared)
    assert 'start' not in record
    assert record['index']['12']['t2w'] >= 12
    assert 0.05 < record['everyone']['12']['peak_memory_gb'] < 2
    assert record['everyone']['12']['median_cpu_s'] > 0.3
    for part in ('as it is', 'without validation'):
        # Starting a node takes longer than this.
        assert 0.3 < record['first'][part]['6']['shortest_s'] < 120
        assert record['first'][part]['12']['median_cpu_s'] > 0.3
        assert record['first'][part]['ratio']['of'] == [12, 6]
    more = run('start', 'group', *shared)
    assert more['first'] == record['first']
    assert more['group']['exit_code'] == 0
    assert more['group']['participants'] == 12
    assert set(more['start']) >= {'--help', '--version'}
