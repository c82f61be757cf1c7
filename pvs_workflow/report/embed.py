"""Saved figures as data URIs, so that a page is one file."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from pvs_workflow.files import read_text
from pvs_workflow.report.rendering import SIDE_WORDS
from pvs_workflow.report.results import ScanResult, find_figure
from pvs_workflow.report.saving import cut_panel, split_layers
from pvs_workflow.report.sheets import image_box
from pvs_workflow.report.spec import Reportlet
from pvs_workflow.science.slices import HEMISPHERES

MOST_BYTES = 2**24
"""Of one figure; those of the app have a tenth at most."""

_PLAIN = " ='():;/,!*+-._~?@$[]{}\n"
"""What may stand unescaped in a data URI of SVG (less to write than base64)."""


@dataclass(frozen=True)
class Picture:
    """One picture of a reportlet, ready for a page."""

    label: str
    alt: str
    uri: str
    href: str


@dataclass(frozen=True)
class Panel:
    """One of the six images, in all of a reportlet's layers.

    Attributes
    ----------
    side : str
        The person's own, in words.
    rank : int
        1 inferior to 3 superior.
    row : Mapping, optional
        Its row of the table of counts, where that is there.
    pictures : tuple of Picture

    """

    side: str
    rank: int
    row: Mapping | None
    pictures: tuple[Picture, ...]


def load_panels(output_dir: Path, scan: ScanResult, reportlet: Reportlet) -> list[Panel]:
    """Return the six images of a reportlet whose layers are sheets of them.

    Returns
    -------
    list of Panel
        Left before right, from the bottom up; empty where no sheets were saved, or not as SVG.

    """
    layers = []
    for layer in reportlet.layers:
        path = find_figure(output_dir, scan.entities['sub'], scan.stem, layer.query)
        if path and path.suffix != '.svg':
            return []
        if path and (text := read_svg(path)):
            href = quote(path.relative_to(output_dir).as_posix())
            layers.append((layer, text, href))
    if not layers:
        return []
    panels = []
    for index in range(6):
        number, offset = divmod(index, 3)
        hemisphere, rank = list(HEMISPHERES)[number], offset + 1
        side, row = SIDE_WORDS[hemisphere], scan.image_row(hemisphere, rank)
        pictures = [
            Picture(
                layer.label,
                f'{side.capitalize()} hemisphere, slice {rank} of 3: {layer.alt}',
                svg_uri(cut_panel(sheet, index, image_box(index))),
                href,
            )
            for layer, sheet, href in layers
        ]
        panels.append(Panel(side, rank, row, tuple(pictures)))
    return panels


def load_pictures(output_dir: Path, scan: ScanResult, reportlet: Reportlet) -> list[Picture]:
    """Return those pictures of a reportlet that were saved for a T2w."""
    pictures = []
    for layer in reportlet.layers:
        path = find_figure(output_dir, scan.entities['sub'], scan.stem, layer.query)
        if path is None:
            continue
        uri = picture_uri(path, layer.part)
        if uri:
            href = quote(path.relative_to(output_dir).as_posix())
            pictures.append(Picture(layer.label, layer.alt, uri, href))
    return pictures


def picture_uri(path: Path, part: str | None = None) -> str:
    """Return a saved figure as a data URI.

    Parameters
    ----------
    path : Path
        SVG or PNG.
    part : {'fixed', 'moving'}, optional
        The half of a registration picture to keep. A PNG has the moving half only.

    Returns
    -------
    str
        Empty where the file does not have the part, or is damaged or too large.

    """
    if path.suffix == '.svg':
        text = read_svg(path)
        return svg_uri(split_layers(text, part) if part and text else text) if text else ''
    if part == 'fixed' or path.stat().st_size > MOST_BYTES:
        return ''
    return 'data:image/png;base64,' + base64.b64encode(path.read_bytes()).decode('ascii')


def read_svg(path: Path) -> str:
    """Return a figure's text; nothing where it is no SVG or too large."""
    try:
        text = read_text(path, MOST_BYTES)
    except (OSError, ValueError):
        return ''
    return text if '<svg' in text else ''


def find_unusable(output_dir: Path, participant: str) -> list[str]:
    """Return which of a participant's figures cannot be shown, one sentence each.

    Parameters
    ----------
    output_dir : Path
    participant : str
        Label without ``sub-``.

    """
    folder = Path(output_dir) / f'sub-{participant}' / 'figures'
    return [
        f'{path.name} is not shown, expected an SVG of at most {MOST_BYTES / 2**20:g} MB, '
        'received something else'
        for path in sorted(folder.glob('*.svg'))
        if not read_svg(path)
    ]


def svg_uri(text: str) -> str:
    """Return SVG text as a data URI, without its prolog.

    Examples
    --------
    >>> svg_uri('<?xml version="1.0"?><svg a="#"/>')
    'data:image/svg+xml,%3Csvg a=%22%23%22/%3E'

    """
    body = text[text.index('<svg') :]
    return 'data:image/svg+xml,' + quote(body, safe=_PLAIN).replace('\n', ' ')
