"""Figures to SVG files, the same bytes every time, and back to the pictures of a page."""

import base64
import io
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree

from matplotlib.figure import Figure

from pvs_workflow.files import read_text, write_text
from pvs_workflow.report.canvas import house_style
from pvs_workflow.report.rendering import render_template

MAX_BYTES = 2**24
"""Maximum size of a figure's file that is read; those of the app have a tenth at most."""

_DPI = 110
_PLAIN = " ='():;/,!*+-._~?@$[]{}\n"
"""What may stand unescaped in a data URI of SVG (shorter than base64)."""

_IMAGE = '{http://www.w3.org/2000/svg}image'
_GAP, _HEADROOM = 0.12, 0.3  # inches


@dataclass(frozen=True)
class Tile:
    """One figure of a sheet, which the page finds by its name (letters and digits).

    The title is written above it in the sheet; the page does not show it.
    """

    name: str
    figure: Figure
    title: str = ''


@dataclass(frozen=True)
class Sheet:
    """Figures of one size that are saved as one file, from which a page takes them one by one.

    Attributes
    ----------
    tiles : tuple of Tile
    columns : int
        Tiles in a row; 0 puts them one over the other, to be swapped while the pointer rests on
        them.
    note : str
        Written below a sheet with columns.

    """

    tiles: tuple[Tile, ...]
    columns: int = 0
    note: str = ''


def save_figure(figure: Figure | Sheet, path: Path) -> Path:
    """Write a figure or a sheet as SVG in one step.

    The bytes depend on the figure alone: no dates, no random identifiers.

    Parameters
    ----------
    figure : Figure or Sheet
    path : Path
        Ends in ``.svg``; it is returned.

    Raises
    ------
    ValueError
        If the suffix is another one.
    OutputError
        If the file cannot be written.

    """
    path = Path(path)
    if path.suffix != '.svg':
        raise ValueError(f'a figure is saved as .svg, received {path.name!r}')
    write_text(path, _sheet_svg(figure) if isinstance(figure, Sheet) else _svg(figure))
    return path


def read_pictures(path: Path) -> dict[str, str]:
    """Return the pictures of a saved figure as data URIs, for ``img`` elements.

    They are the tiles of a sheet by name; a single figure has no name. There are none where the
    file is damaged or too large.
    """
    try:
        text = read_text(path, MAX_BYTES)
        root = ElementTree.fromstring(text)
    except (OSError, ValueError, ElementTree.ParseError):
        return {}
    tiles = {image.get('id', ''): image.get('href', '') for image in root.findall(_IMAGE)}
    if not tiles:
        return {'': _svg_uri(text)} if root.tag.endswith('svg') else {}
    return {name: uri for name, uri in tiles.items() if uri.startswith('data:image/')}


def figure_uri(figure: Figure) -> str:
    """Return a figure as a data URI of SVG."""
    return _svg_uri(_svg(figure))


@house_style()
def _render(figure: Figure, **how) -> bytes:
    stream = io.BytesIO()
    figure.savefig(stream, dpi=_DPI, facecolor=figure.get_facecolor(), **how)
    return stream.getvalue()


def _svg(figure: Figure) -> str:
    metadata = dict.fromkeys(('Date', 'Creator', 'Format', 'Type'))
    return _render(figure, format='svg', metadata=metadata).decode('utf-8')


def _jpeg_uri(figure: Figure) -> str:
    how = {'quality': 88, 'subsampling': 0}  # thin coloured lines keep their colour
    encoded = base64.b64encode(_render(figure, format='jpeg', pil_kwargs=how)).decode('ascii')
    return f'data:image/jpeg;base64,{encoded}'


def _svg_uri(text: str) -> str:
    """Return SVG text as a data URI, without its prolog."""
    body = text[text.index('<svg') :]
    return 'data:image/svg+xml,' + quote(body, safe=_PLAIN).replace('\n', ' ')


def _sheet_svg(sheet: Sheet) -> str:
    """Lay the tiles of a sheet out, in inches.

    Tiles over each other are whole heads, only judged for their alignment: they become JPEG.
    The images that are read for perivascular spaces stay as they are, pixel by pixel.
    """
    width, height = whole = sheet.tiles[0].figure.get_size_inches()
    places = [(0, 0)] * len(sheet.tiles)
    if sheet.columns:
        across, down = width + _GAP, height + _HEADROOM + _GAP
        cells = [divmod(number, sheet.columns) for number in range(len(sheet.tiles))]
        places = [(_GAP + column * across, _HEADROOM + row * down) for row, column in cells]
        whole = sheet.columns * across + _GAP, (cells[-1][0] + 1) * down + _HEADROOM
    encode = figure_uri if sheet.columns else _jpeg_uri
    uris = [encode(tile.figure) for tile in sheet.tiles]
    tiles = list(zip(sheet.tiles, places, uris, strict=True))
    size = (width, height)
    return render_template('sheet.svg.j2', sheet=sheet, tiles=tiles, size=size, whole=whole)
