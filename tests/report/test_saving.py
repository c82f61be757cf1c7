import re
import subprocess
import sys
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest

from pvs_workflow.report import figures
from pvs_workflow.report.saving import MAX_BYTES, split_layers

SVG = '{http://www.w3.org/2000/svg}'


def registration(ph):
    return figures.registration_figure(ph.t2w, ph.t2w[::-1], ph.affine, ph.roi)


@pytest.mark.parametrize('suffix', ['.svg', '.png'])
def test_the_same_arrays_give_the_same_bytes(tmp_path, phantom, suffix):
    paths = [tmp_path / f'{name}{suffix}' for name in 'ab']
    for path in paths:
        figures.save_figure(registration(phantom), path)
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_another_process_gives_the_same_bytes(tmp_path):
    code = (
        'import sys; from pathlib import Path; from pvs_workflow.report import figures;'
        'figures.save_figure(figures.grade_figure([0, 0.2, 0.8, 0, 0], 2), Path(sys.argv[1]))'
    )
    other, own = tmp_path / 'other.svg', tmp_path / 'own.svg'
    subprocess.run([sys.executable, '-c', code, other], check=True)
    figures.save_figure(figures.grade_figure([0, 0.2, 0.8, 0, 0], 2), own)
    assert other.read_bytes() == own.read_bytes()


def test_the_users_matplotlib_settings_change_nothing_and_stay(tmp_path, phantom):
    figures.save_figure(registration(phantom), tmp_path / 'plain.svg')
    with matplotlib.rc_context({'font.size': 30, 'image.origin': 'lower', 'savefig.dpi': 30}):
        figures.save_figure(registration(phantom), tmp_path / 'set.svg')
        assert matplotlib.rcParams['font.size'] == 30
    assert (tmp_path / 'plain.svg').read_bytes() == (tmp_path / 'set.svg').read_bytes()


def test_no_date_and_no_program_name_is_written(tmp_path, phantom):
    for suffix in ('.svg', '.png'):
        figures.save_figure(registration(phantom), tmp_path / f'a{suffix}')
        content = (tmp_path / f'a{suffix}').read_bytes()
        assert not re.search(rb'20\d\d-\d\d-\d\d|Software|Matplotlib v', content)


@pytest.mark.parametrize('suffix', ['.svg', '.png'])
def test_noise_at_full_resolution_stays_under_the_limit(tmp_path, suffix):
    rng = np.random.default_rng(3)
    volume = rng.integers(0, 1000, (384, 384, 28)).astype(float)
    figure = figures.registration_figure(volume, volume[::-1], np.diag([0.573, 0.573, 5, 1]))
    path = figures.save_figure(figure, tmp_path / f'a{suffix}')
    assert path.stat().st_size <= MAX_BYTES


def test_another_suffix_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"saved as \.svg or \.png, received 'a\.jpg'"):
        figures.save_figure(figures.grade_figure([1, 0, 0, 0, 0], 0), tmp_path / 'a.jpg')


def shown_pictures(svg: str) -> dict[str, int]:
    """Count the pictures in each layer's groups."""
    tree = ElementTree.fromstring(svg)
    groups = [g for g in tree.iter(f'{SVG}g') if re.match('(fixed|moving)-', g.get('id', ''))]
    counts = {'fixed': 0, 'moving': 0}
    for group in groups:
        counts[group.get('id').split('-')[0]] += len(list(group.iter(f'{SVG}image')))
    return counts


def test_a_registration_picture_splits_into_its_layers(tmp_path, phantom):
    path = figures.save_figure(registration(phantom), tmp_path / 'a.svg')
    svg = path.read_text()
    assert shown_pictures(svg) == {'fixed': 8, 'moving': 8}
    assert 'svg:hover' in svg
    for part, other in (('fixed', 'moving'), ('moving', 'fixed')):
        kept = split_layers(svg, part)
        assert shown_pictures(kept) == {part: 8, other: 0}
        assert f'g[id^="{other}"]{{display:none}}' in kept
        assert 'svg:hover' not in kept


def test_letters_of_a_layer_do_not_depend_on_the_other_being_kept(tmp_path, phantom):
    path = figures.save_figure(registration(phantom), tmp_path / 'a.svg')
    kept = split_layers(path.read_text(), 'moving')
    tree = ElementTree.fromstring(kept)
    known = {element.get('id') for element in tree.iter()}
    used = {
        element.get('{http://www.w3.org/1999/xlink}href') for element in tree.iter(f'{SVG}use')
    }
    assert used
    assert {name.removeprefix('#') for name in used} <= known


def test_volumes_on_two_grids_are_refused(phantom):
    with pytest.raises(ValueError, match='expected volumes on one grid'):
        figures.registration_figure(phantom.t2w, phantom.t2w[1:], phantom.affine)


def test_inputs_are_not_changed(phantom):
    before = phantom.t2w.copy(), phantom.roi.copy()
    registration(phantom)
    figures.roi_figure(phantom.t2w, phantom.affine, phantom.roi, phantom.views, phantom.slices)
    np.testing.assert_array_equal(phantom.t2w, before[0])
    np.testing.assert_array_equal(phantom.roi, before[1])
