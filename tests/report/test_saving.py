import subprocess
import sys
from xml.etree import ElementTree

import matplotlib
import pytest

from pvs_workflow.report.alignment import registration_figure
from pvs_workflow.report.anatomy import roi_figure
from pvs_workflow.report.canvas import new_figure
from pvs_workflow.report.charts import grade_figure
from pvs_workflow.report.images import images_figure
from pvs_workflow.report.saving import MAX_BYTES, Sheet, Tile, read_pictures, save_figure

SVG = '{http://www.w3.org/2000/svg}'


def registration(ph):
    return registration_figure(ph.t2w, ph.t2w[::-1], ph.affine, ph.roi)


def six(ph):
    return images_figure(ph.images, ph.views, ph.slices)


def roi(ph):
    positions = ph.views, ph.slices
    return roi_figure(ph.t2w, ph.affine, ph.roi, *positions, ph.structures)


@pytest.fixture(scope='module')
def other_process(tmp_path_factory):
    """Draw everything in another process, which first lists the loaded modules."""
    folder = tmp_path_factory.mktemp('other')
    code = (
        'import sys; from pathlib import Path; import pvs_workflow.report.page;'
        'from tests.builders.report import draw_everything; folder = Path(sys.argv[1]);'
        '(folder / "loaded").write_text(" ".join(sys.modules)); draw_everything(folder)'
    )
    subprocess.run([sys.executable, '-c', code, folder], check=True)
    return folder


def test_another_process_gives_the_same_bytes(other_process, drawings):
    for path in drawings.iterdir():
        assert (other_process / path.name).read_bytes() == path.read_bytes()


def test_nilearn_is_loaded_lazily(other_process):
    loaded = (other_process / 'loaded').read_text().split()
    assert 'pvs_workflow.report.cuts' in loaded
    assert not {'nilearn', 'sklearn'} & set(loaded)


def test_the_same_arrays_give_the_same_bytes(tmp_path, phantom, drawings):
    path = save_figure(six(phantom), tmp_path / 'a.svg')
    assert path.read_bytes() == (drawings / 'desc-images_T2w.svg').read_bytes()


@pytest.mark.parametrize(('draw', 'desc'), [(registration, 't1wreg'), (roi, 'roi')])
def test_matplotlib_settings_of_the_user_have_no_effect_and_are_kept(
    tmp_path, phantom, drawings, draw, desc
):
    """The same arrays are drawn again with other settings."""
    with matplotlib.rc_context({'font.size': 30, 'image.origin': 'lower', 'savefig.dpi': 30}):
        path = save_figure(draw(phantom), tmp_path / 'set.svg')
        assert matplotlib.rcParams['font.size'] == 30
    assert path.read_bytes() == (drawings / f'desc-{desc}_T2w.svg').read_bytes()


def test_no_date_and_no_program_name_is_written(tmp_path):
    path = save_figure(grade_figure([1, 0, 0, 0, 0], 0), tmp_path / 'a.svg')
    assert not {'Date', 'Creator', 'date', 'creator'} & {
        element.tag.rpartition('}')[2] for element in ElementTree.parse(path).iter()
    }


def test_another_suffix_is_rejected(tmp_path):
    with pytest.raises(ValueError, match=r"saved as \.svg, not as 'a\.jpg'"):
        save_figure(grade_figure([1, 0, 0, 0, 0], 0), tmp_path / 'a.jpg')


def test_tiles_are_read_by_name(drawings):
    pictures = read_pictures(drawings / 'desc-images_T2w.svg')
    assert list(pictures) == ['L1', 'L2', 'L3', 'R1', 'R2', 'R3']
    assert pictures['L1'] != pictures['R1']
    assert all(uri.startswith('data:image/svg+xml,%3Csvg') for uri in pictures.values())


def test_a_saved_alignment_swaps_its_two_pictures_in_place(drawings):
    path = drawings / 'desc-t1wreg_T2w.svg'
    assert list(read_pictures(path)) == ['fixed', 'moving']
    images = ElementTree.parse(path).getroot().findall(f'{SVG}image')
    boxes = [{name: image.get(name) for name in ('x', 'y', 'width')} for image in images]
    assert boxes[0] == boxes[1]
    assert 'svg:hover image ~ image' in path.read_text()


def test_a_sheet_adds_titles_and_a_note(tmp_path):
    tiles = [Tile(f'T{n}', new_figure(1, 2), f'title <{n}>') for n in range(3)]
    path = save_figure(Sheet(tuple(tiles), columns=2, note='A & B'), tmp_path / 'a.svg')
    root = ElementTree.parse(path).getroot()
    texts = [text.text for text in root.findall(f'{SVG}text')]
    assert texts == ['title <0>', 'title <1>', 'title <2>', 'A & B']
    x, y = ([float(image.get(at)) for image in root.findall(f'{SVG}image')] for at in 'xy')
    assert x[0] == x[2] < x[1]
    assert y[0] == y[1] < y[2]


def test_a_figure_is_read_without_its_prolog(tmp_path):
    path = save_figure(grade_figure([1, 0, 0, 0, 0], 0), tmp_path / 'a.svg')
    (picture,) = read_pictures(path).values()
    assert picture.startswith('data:image/svg+xml,%3Csvg')
    assert '%3C!DOCTYPE' not in picture


@pytest.mark.parametrize(
    'content',
    ['', 'no picture', '<html/>', '<svg', f'<svg>{" " * MAX_BYTES}</svg>'],
    ids=['empty', 'text', 'another format', 'cut off', 'too large'],
)
def test_an_invalid_file_has_no_pictures(tmp_path, content):
    (tmp_path / 'a.svg').write_text(content)
    assert read_pictures(tmp_path / 'a.svg') == {}


def test_external_pictures_are_omitted(tmp_path):
    path = tmp_path / 'a.svg'
    images = '<image id="a" href="https://x.org/a.png"/><image id="b" href="data:image/png;,"/>'
    path.write_text(f'<svg xmlns="http://www.w3.org/2000/svg">{images}</svg>')
    assert read_pictures(path) == {'b': 'data:image/png;,'}


def test_figures_are_much_smaller_than_the_limit(drawings):
    for path in drawings.iterdir():
        assert path.stat().st_size < MAX_BYTES / 10
