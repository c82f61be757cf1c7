"""The saved figures of a T2w as the page shows them: in the page, so that it is one file."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from pvs_workflow.report.images import tile_name
from pvs_workflow.report.rendering import SIDE_WORDS
from pvs_workflow.report.results import ScanResult, find_figure
from pvs_workflow.report.saving import MAX_BYTES, read_pictures
from pvs_workflow.report.spec import Reportlet
from pvs_workflow.science.slices import HEMISPHERES, N_SLICES


@dataclass(frozen=True)
class Picture:
    """One picture of a reportlet, ready for a page.

    Attributes
    ----------
    label : str
        Name of its layer; empty where there is only one.
    alt : str
        What it shows.
    uri : str
        The picture itself.
    href : str
        The saved file, relative to the page.

    """

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
    row : mapping, optional
        Its row of the table of counts, where that is there.
    pictures : tuple of Picture

    """

    side: str
    rank: int
    row: Mapping | None
    pictures: tuple[Picture, ...]


def load_panels(output_dir: Path, scan: ScanResult, reportlet: Reportlet) -> tuple[Panel, ...]:
    """Return the six images of a reportlet, left before right, from the bottom up.

    Parameters
    ----------
    output_dir : Path
    scan : ScanResult
    reportlet : Reportlet
        Its layers are sheets of the six images; those that were not saved are left out.

    """
    paths = [(layer, find_figure(output_dir, scan, layer.bids)) for layer in reportlet.layers]
    layers = [(layer, read_pictures(p), _link(output_dir, p)) for layer, p in paths if p]
    panels = []
    for hemisphere in HEMISPHERES:
        for rank in range(1, N_SLICES + 1):
            side, name = SIDE_WORDS[hemisphere], tile_name(hemisphere, rank)
            where = f'{side.capitalize()} hemisphere, slice {rank} of {N_SLICES}'
            pictures = [
                Picture(layer.label, f'{where}: {layer.alt}', tiles[name], href)
                for layer, tiles, href in layers
                if name in tiles
            ]
            if pictures:
                row = scan.image_row(hemisphere, rank)
                panels.append(Panel(side, rank, row, tuple(pictures)))
    return tuple(panels)


def load_pictures(output_dir: Path, scan: ScanResult, reportlet: Reportlet) -> tuple[Picture, ...]:
    """Return the pictures of a reportlet that were saved for a T2w, one for each layer."""
    pictures = []
    for layer in reportlet.layers:
        path = find_figure(output_dir, scan, layer.bids)
        if path and (uri := read_pictures(path).get(layer.part)):
            pictures.append(Picture(layer.label, layer.alt, uri, _link(output_dir, path)))
    return tuple(pictures)


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
        f'{path.name} is not shown: it is not an SVG, or larger than {MAX_BYTES / 2**20:g} MB'
        for path in sorted(folder.glob('*.svg'))
        if not read_pictures(path)
    ]


def _link(output_dir: Path, path: Path) -> str:
    return quote(path.relative_to(output_dir).as_posix())
