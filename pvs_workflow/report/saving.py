"""Saving of figures as reproducible SVG files, and reading of their pictures for a page."""

import base64
import io
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree

from matplotlib.figure import Figure

from pvs_workflow.files import read_text, write_text
from pvs_workflow.report.canvas import figure_style
from pvs_workflow.report.rendering import render_template

MAX_BYTES = 2**24
"""Maximum size of a figure's file that is read, bytes; the app's files have at most a tenth."""

_DPI = 110
_SAFE = " ='():;/,!*+-._~?@$[]{}\n"
"""Characters that need no escape in a data URI of SVG; the result is shorter than base64."""

_IMAGE = '{http://www.w3.org/2000/svg}image'
_GAP, _HEADROOM = 0.12, 0.3  # inches


@dataclass(frozen=True)
class Tile:
    """One figure of a sheet; the page refers to it by name (letters and digits).

    The sheet shows the title above the figure; the page does not.
    """

    name: str
    figure: Figure
    title: str = ''


@dataclass(frozen=True)
class Sheet:
    """Figures of one size, saved in one file; a page can show them separately.

    Attributes
    ----------
    tiles : tuple of Tile
    columns : int
        Number of tiles in a row. With 0, tiles are stacked and alternate while the pointer hovers
        over them.
    note : str
        Text below a sheet with columns.

    """

    tiles: tuple[Tile, ...]
    columns: int = 0
    note: str = ''


def save_figure(figure: Figure | Sheet, path: Path) -> Path:
    """Write a figure or a sheet as SVG, atomically.

    The bytes depend only on the figure: there are no dates or random identifiers.

    Parameters
    ----------
    figure : Figure or Sheet
    path : Path
        Path ending in ``.svg``; it is returned.

    Raises
    ------
    ValueError
        If the path has another suffix.
    OutputError
        If the file cannot be written.

    """
    path = Path(path)
    if path.suffix != '.svg':
        raise ValueError(f'figures are saved as .svg, not as {path.name!r}')
    write_text(path, _sheet_svg(figure) if isinstance(figure, Sheet) else _svg(figure))
    return path


def read_pictures(path: Path) -> dict[str, str]:
    """Return the pictures of a saved figure as data URIs, for ``img`` elements.

    Keys are the tile names of a sheet, or an empty string for a single figure. The result is
    empty if the file is damaged or too large.
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


@figure_style()
def _render(figure: Figure, **options) -> bytes:
    stream = io.BytesIO()
    figure.savefig(stream, dpi=_DPI, facecolor=figure.get_facecolor(), **options)
    return stream.getvalue()


def _svg(figure: Figure) -> str:
    metadata = dict.fromkeys(('Date', 'Creator', 'Format', 'Type'))
    return _render(figure, format='svg', metadata=metadata).decode('utf-8')


def _jpeg_uri(figure: Figure) -> str:
    options = {'quality': 88, 'subsampling': 0}  # subsampling would fade thin coloured lines
    encoded = base64.b64encode(_render(figure, format='jpeg', pil_kwargs=options))
    return f'data:image/jpeg;base64,{encoded.decode("ascii")}'


def _svg_uri(text: str) -> str:
    """Return SVG text as a data URI, without the XML prolog."""
    body = text[text.index('<svg') :]
    return 'data:image/svg+xml,' + quote(body, safe=_SAFE).replace('\n', ' ')


def _sheet_svg(sheet: Sheet) -> str:
    """Arrange the tiles of a sheet in one SVG, in inches.

    Stacked tiles are whole heads that only serve to check alignment, so they are stored as JPEG.
    Images in which perivascular spaces are assessed are stored without loss.
    """
    width, height = whole = sheet.tiles[0].figure.get_size_inches()
    corners = [(0, 0)] * len(sheet.tiles)
    if sheet.columns:
        across, down = width + _GAP, height + _HEADROOM + _GAP
        cells = [divmod(number, sheet.columns) for number in range(len(sheet.tiles))]
        corners = [(_GAP + column * across, _HEADROOM + row * down) for row, column in cells]
        whole = sheet.columns * across + _GAP, (cells[-1][0] + 1) * down + _HEADROOM
    encode = figure_uri if sheet.columns else _jpeg_uri
    uris = [encode(tile.figure) for tile in sheet.tiles]
    tiles = list(zip(sheet.tiles, corners, uris, strict=True))
    size = (width, height)
    return render_template('sheet.svg.j2', sheet=sheet, tiles=tiles, size=size, whole=whole)
