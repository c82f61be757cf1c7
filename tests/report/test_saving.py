import subprocess
import sys
from xml.etree import ElementTree

import matplotlib
import pytest

from pvs_workflow.report import figures
from pvs_workflow.report.canvas import new_figure
from pvs_workflow.report.saving import MAX_BYTES, Sheet, Tile, read_pictures

SVG = '{http://www.w3.org/2000/svg}'


def registration(ph):
    return figures.registration_figure(ph.t2w, ph.t2w[::-1], ph.affine, ph.roi)


def six(ph):
    return figures.images_figure(ph.images, ph.views, ph.slices)


def roi(ph):
    where = ph.views, ph.slices
    return figures.roi_figure(ph.t2w, ph.affine, ph.roi, *where, ph.structures)


@pytest.mark.parametrize('draw', [registration, six, roi])
def test_the_same_arrays_give_the_same_bytes(tmp_path, phantom, draw):
    paths = [figures.save_figure(draw(phantom), tmp_path / f'{name}.svg') for name in 'ab']
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_another_process_gives_the_same_bytes(tmp_path, drawings):
    code = (
        'import sys; from pathlib import Path; from tests.builders.report import draw_everything;'
        'draw_everything(Path(sys.argv[1]))'
    )
    subprocess.run([sys.executable, '-c', code, tmp_path], check=True)
    for path in drawings.iterdir():
        assert (tmp_path / path.name).read_bytes() == path.read_bytes()


@pytest.mark.parametrize('draw', [registration, roi])
def test_the_users_matplotlib_settings_change_nothing_and_stay(tmp_path, phantom, draw):
    figures.save_figure(draw(phantom), tmp_path / 'plain.svg')
    with matplotlib.rc_context({'font.size': 30, 'image.origin': 'lower', 'savefig.dpi': 30}):
        figures.save_figure(draw(phantom), tmp_path / 'set.svg')
        assert matplotlib.rcParams['font.size'] == 30
    assert (tmp_path / 'plain.svg').read_bytes() == (tmp_path / 'set.svg').read_bytes()


def test_no_date_and_no_program_name_is_written(tmp_path):
    path = figures.save_figure(figures.grade_figure([1, 0, 0, 0, 0], 0), tmp_path / 'a.svg')
    assert not {'Date', 'Creator', 'date', 'creator'} & {
        element.tag.rpartition('}')[2] for element in ElementTree.parse(path).iter()
    }


def test_another_suffix_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"saved as \.svg, received 'a\.jpg'"):
        figures.save_figure(figures.grade_figure([1, 0, 0, 0, 0], 0), tmp_path / 'a.jpg')


def test_tiles_come_back_by_their_names(tmp_path, phantom):
    path = figures.save_figure(six(phantom), tmp_path / 'a.svg')
    pictures = read_pictures(path)
    assert list(pictures) == ['L1', 'L2', 'L3', 'R1', 'R2', 'R3']
    assert pictures['L1'] != pictures['R1']
    assert all(uri.startswith('data:image/svg+xml,%3Csvg') for uri in pictures.values())


def test_a_saved_alignment_swaps_its_two_pictures_in_one_place(tmp_path, phantom):
    path = figures.save_figure(registration(phantom), tmp_path / 'a.svg')
    assert list(read_pictures(path)) == ['fixed', 'moving']
    images = ElementTree.parse(path).getroot().findall(f'{SVG}image')
    places = [{name: image.get(name) for name in ('x', 'y', 'width')} for image in images]
    assert places[0] == places[1]
    assert 'svg:hover image ~ image' in path.read_text()


def test_a_sheet_has_titles_and_a_note_that_its_tiles_have_not(tmp_path):
    tiles = [Tile(f'T{n}', new_figure(1, 2), f'title <{n}>') for n in range(3)]
    path = figures.save_figure(Sheet(tuple(tiles), columns=2, note='A & B'), tmp_path / 'a.svg')
    root = ElementTree.parse(path).getroot()
    texts = [text.text for text in root.findall(f'{SVG}text')]
    assert texts == ['title <0>', 'title <1>', 'title <2>', 'A & B']
    x, y = ([float(image.get(at)) for image in root.findall(f'{SVG}image')] for at in 'xy')
    assert x[0] == x[2] < x[1]
    assert y[0] == y[1] < y[2]


def test_a_figure_comes_back_whole(tmp_path):
    path = figures.save_figure(figures.grade_figure([1, 0, 0, 0, 0], 0), tmp_path / 'a.svg')
    (picture,) = read_pictures(path).values()
    assert picture.startswith('data:image/svg+xml,%3Csvg')
    assert '%3C!DOCTYPE' not in picture


@pytest.mark.parametrize(
    'content',
    ['', 'no picture', '<html/>', '<svg', f'<svg>{" " * MAX_BYTES}</svg>'],
    ids=['empty', 'text', 'another format', 'cut off', 'too large'],
)
def test_what_is_no_figure_has_no_pictures(tmp_path, content):
    (tmp_path / 'a.svg').write_text(content)
    assert read_pictures(tmp_path / 'a.svg') == {}


def test_pictures_from_elsewhere_are_left_out(tmp_path):
    path = tmp_path / 'a.svg'
    images = '<image id="a" href="https://x.org/a.png"/><image id="b" href="data:image/png;,"/>'
    path.write_text(f'<svg xmlns="http://www.w3.org/2000/svg">{images}</svg>')
    assert read_pictures(path) == {'b': 'data:image/png;,'}


def test_figures_of_a_real_size_are_not_large(tmp_path, phantom):
    for draw in (registration, six, roi):
        path = figures.save_figure(draw(phantom), tmp_path / 'a.svg')
        assert path.stat().st_size < MAX_BYTES / 10
