"""Figures of the report are drawn from saved results."""

import re
from pathlib import Path

import nibabel as nb
import numpy as np
import pytest

from pvs_workflow.interfaces.figures import DrawCascade, DrawRegistration, DrawROI
from pvs_workflow.method.find import find
from pvs_workflow.method.locate import Warp
from pvs_workflow.method.saved import Unusable
from tests.builders.method import AFFINE, image_counts, six_images, small_head, spots, warp


@pytest.fixture
def files(tmp_path):
    t2w, located = small_head()
    six = six_images(np.asarray(located.roi.dataobj))
    counted = image_counts([2.0] * 6, spots([1] * 6))
    results = {'t2w': t2w, 'located': located, 'six': six, 'counted': counted}
    results |= {'found': find(t2w, six, counted), 'warp': warp(0.9)}
    return {name: str(result.save(tmp_path / name)) for name, result in results.items()}


def run(interface, folder):
    """Return the text of each figure, by its name in the report."""
    paths = interface.run(cwd=folder).outputs.out_files
    return {
        re.fullmatch(r'sub-01_desc-(\w+)_T2w\.svg', Path(path).name)[1]: Path(path).read_text()
        for path in paths
    }


def test_the_slices_are_one_figure(tmp_path, files):
    inputs = {name: files[name] for name in ('t2w', 'located', 'six')}
    figures = run(DrawROI(**inputs, stem=str(tmp_path / 'sub-01')), tmp_path)
    assert list(figures) == ['roi']
    assert '<svg' in figures['roi']


def test_the_cascade_has_four_figures(tmp_path, files):
    inputs = {name: files[name] for name in ('six', 'counted', 'found')}
    figures = run(DrawCascade(**inputs, stem=str(tmp_path / 'sub-01')), tmp_path)
    assert list(figures) == ['images', 'enhanced', 'evidence', 'grade']


def test_an_alignment_is_named_after_its_contrast(tmp_path, files):
    inputs = {'t2w': files['t2w'], 'located': files['located'], 'moving': files['warp']}
    stem = str(tmp_path / 'sub-01')
    figures = run(DrawRegistration(**inputs, moving_name='FLAIR', stem=stem), tmp_path)
    assert list(figures) == ['flairreg']


def test_the_figure_of_an_unusable_contrast_is_removed(tmp_path, files):
    inputs = {'t2w': files['t2w'], 'located': files['located']}
    stem = str(tmp_path / 'sub-01')
    run(DrawRegistration(**inputs, moving=files['warp'], moving_name='T1w', stem=stem), tmp_path)
    other = tmp_path / 'sub-01_desc-flairreg_T2w.svg'
    other.touch()
    unusable = str(Unusable('it is 4D').save(tmp_path / 'unusable'))
    draw = DrawRegistration(**inputs, moving=unusable, moving_name='T1w', stem=stem)
    assert run(draw, tmp_path) == {}
    assert list(tmp_path.glob('*.svg')) == [other]


def test_a_contrast_without_signal_is_drawn(tmp_path, files):
    """A T1w may lie outside of the field of view of the T2w."""
    image = nb.Nifti1Image(np.zeros((80, 60, 12), np.float32), AFFINE)
    moving = str(Warp(image, image, 0.0).save(tmp_path / 'empty'))
    inputs = {'t2w': files['t2w'], 'located': files['located'], 'moving': moving}
    stem = str(tmp_path / 'sub-01')
    assert list(run(DrawRegistration(**inputs, moving_name='T1w', stem=stem), tmp_path))
