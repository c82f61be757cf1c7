"""Figures to files: the same bytes every time, and no larger than they need to be."""

import base64
import io
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from pvs_workflow.files import atomic_path
from pvs_workflow.report.canvas import house_style

MAX_BYTES = 1_000_000
"""A larger file is drawn again with fewer pixels."""

DOTS_PER_INCH = (110, 92, 76, 64)
"""Pixels per inch of embedded pictures and of PNGs, in the order in which they are tried."""
FIXED, MOVING = 'fixed', 'moving'
"""Prefixes of the axes' ids (``gid``) that make up the two layers of a flicker picture."""

_LINE = re.compile(r'\bd="[^"]+"')
_LONG_NUMBER = re.compile(r'(-?\d+\.\d\d)\d+')
_IMAGE = re.compile(r'<image\b[^>]*/>')
_AXES = re.compile(r'^  <g id="axes_(\d+)">$.*?^  </g>$', re.MULTILINE | re.DOTALL)
_DEFINED = re.compile(r'<defs>.*?</defs>', re.DOTALL)
_SIZE = re.compile(r'width="[\d.]+pt" height="[\d.]+pt" viewBox="[^"]+"')
_POINTS_PER_INCH = 72
_RASTER = re.compile(r'data:image/png;base64,([A-Za-z0-9+/=\s]+)')
# Opened on its own, the picture swaps its layers while the pointer rests on it.
_FLICKER_STYLE = (
    f'<style type="text/css">'
    f'g[id^="{MOVING}"]{{visibility:hidden}}'
    f'svg:hover g[id^="{MOVING}"]{{animation:flick 2s steps(1) infinite}}'
    f'@keyframes flick{{0%{{visibility:visible}}50%{{visibility:hidden}}}}'
    f'</style>'
)


def save_figure(figure: Figure, path: Path) -> Path:
    """Write a figure in one step, as SVG (pictures embedded) or PNG, by the file's suffix.

    The bytes depend on the figure alone: no dates, no random identifiers. A figure whose axes
    carry the ids of two layers (:data:`FIXED`, :data:`MOVING`) flickers between them on hover.

    Parameters
    ----------
    figure : Figure
    path : Path
        Ends in ``.svg`` or ``.png``.

    Returns
    -------
    Path
        ``path``.

    Raises
    ------
    ValueError
        If the suffix is another one.
    OutputError
        If the file cannot be written.

    """
    path = Path(path)
    if path.suffix not in _WRITERS:
        raise ValueError(f'a figure is saved as .svg or .png, received {path.name!r}')
    content = b''
    for dpi in DOTS_PER_INCH:
        content = _WRITERS[path.suffix](figure, dpi)
        if len(content) <= MAX_BYTES:
            break
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)
    return path


@house_style()
def svg_bytes(figure: Figure, dpi: float) -> bytes:
    """Return a figure as SVG, its pictures embedded at a number of pixels per inch."""
    stream = io.StringIO()
    figure.savefig(
        stream,
        format='svg',
        dpi=dpi,
        facecolor=figure.get_facecolor(),
        metadata={'Date': None, 'Creator': None, 'Format': None, 'Type': None},
    )
    layered = any((axes.get_gid() or '').startswith(MOVING) for axes in figure.axes)
    # A hundredth of a point is far below a pixel, and half as long to write.
    text = _LINE.sub(lambda found: _LONG_NUMBER.sub(r'\1', found[0]), stream.getvalue())
    text = _RASTER.sub(lambda found: _smaller(found[1], layered), text)
    if layered:
        text = text.replace('<defs>', f'<defs>{_FLICKER_STYLE}', 1)
    return text.encode('utf-8')


@house_style()
def png_bytes(figure: Figure, dpi: float) -> bytes:
    """Return a figure as PNG."""
    stream = io.BytesIO()
    figure.savefig(
        stream,
        format='png',
        dpi=dpi,
        facecolor=figure.get_facecolor(),
        metadata={'Software': None},
    )
    return stream.getvalue()


_WRITERS = {'.svg': svg_bytes, '.png': png_bytes}


def split_layers(svg: str, part: str) -> str:
    """Keep one layer of a flicker picture that :func:`save_figure` wrote.

    The other layer keeps its letters, which the kept one may refer to, but is not shown, and
    loses its pictures.

    Parameters
    ----------
    svg : str
    part : {'fixed', 'moving'}
        The layer to keep.

    """
    other = MOVING if part == FIXED else FIXED
    group = re.compile(rf'^  <g id="{other}-\d+">$.*?^  </g>$', re.MULTILINE | re.DOTALL)
    hidden = group.sub(lambda found: _IMAGE.sub('', found[0]), svg)
    style = f'<style type="text/css">g[id^="{other}"]{{display:none}}</style>'
    return hidden.replace(_FLICKER_STYLE, style)


def cut_panel(svg: str, number: int, box: Sequence[float]) -> str:
    r"""Keep one panel of a figure that :func:`save_figure` wrote.

    Parameters
    ----------
    svg : str
    number : int
        Of its axes, from 0, in the order in which they were added.
    box : (left, top, width, height)
        What to show, in inches.

    Examples
    --------
    >>> svg = '<svg width="7pt" height="7pt" viewBox="0 0 7 7">\n</svg>'
    >>> print(cut_panel(svg, 0, (0, 0, 1, 0.5)).splitlines()[0])
    <svg width="72pt" height="36pt" viewBox="0 0 72 36">

    """
    left, top, width, height = (_POINTS_PER_INCH * value for value in box)

    def keep(found: re.Match) -> str:
        # Others may refer to the letters of a panel that is left out.
        return found[0] if found[1] == f'{number + 1}' else ''.join(_DEFINED.findall(found[0]))

    size = f'width="{width:g}pt" height="{height:g}pt" '
    view = f'{size}viewBox="{left:g} {top:g} {width:g} {height:g}"'
    return _SIZE.sub(view, _AXES.sub(keep, svg), count=1)


def _smaller(encoded: str, lossy: bool) -> str:
    """Store an opaque grey picture in one channel rather than four.

    Layers of whole heads are many and only judged for their alignment: they become JPEG.
    The images that are read for perivascular spaces stay as they are, pixel by pixel.
    """
    raw = base64.b64decode(encoded)
    kind = 'png'
    pixels = np.asarray(Image.open(io.BytesIO(raw)))
    opaque_grey = (
        pixels.ndim == 3
        and pixels.shape[2] == 4
        and (pixels[..., 3] == 255).all()
        and (pixels[..., :1] == pixels[..., 1:3]).all()
    )
    if opaque_grey:
        kind = 'jpeg' if lossy else 'png'
        stream = io.BytesIO()
        Image.fromarray(np.ascontiguousarray(pixels[..., 0])).save(
            stream, format=kind.upper(), **({'quality': 88} if lossy else {})
        )
        raw = stream.getvalue()
    return f'data:image/{kind};base64,' + base64.b64encode(raw).decode('ascii')
