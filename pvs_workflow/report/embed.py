"""The saved figures of a T2w as the page shows them: in the page, so that it is one file."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
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
class Stack:
    """What a reportlet shows in one place: a picture for each of its layers.

    Attributes
    ----------
    pictures : tuple of Picture
    side : str
        Of one of the six images: the person's own side, in words.
    rank : int
        Of one of the six images: 1 inferior to 3 superior.
    row : mapping, optional
        Its row of the table of counts, where that is there.

    """

    pictures: tuple[Picture, ...]
    side: str = ''
    rank: int = 0
    row: Mapping | None = None


def load_stacks(output_dir: Path, scan: ScanResult, reportlet: Reportlet) -> tuple[Stack, ...]:
    """Return what was saved for a T2w of a reportlet's layers.

    Returns
    -------
    tuple of Stack
        One; or, with panels, those of the six images, left before right, from the bottom up.
        Empty where nothing was saved.

    """
    paths = [(layer, find_figure(output_dir, scan, layer.bids)) for layer in reportlet.layers]
    layers = [
        (layer, read_pictures(path), quote(path.relative_to(output_dir).as_posix()))
        for layer, path in paths
        if path
    ]
    if not reportlet.panels:
        pictures = tuple(
            Picture(layer.label, layer.alt, tiles[layer.part], href)
            for layer, tiles, href in layers
            if layer.part in tiles
        )
        return (Stack(pictures),) if pictures else ()
    stacks = []
    for hemisphere, rank in product(HEMISPHERES, range(1, N_SLICES + 1)):
        side, name = SIDE_WORDS[hemisphere], tile_name(hemisphere, rank)
        where = f'{side.capitalize()} hemisphere, slice {rank} of {N_SLICES}'
        pictures = tuple(
            Picture(layer.label, f'{where}: {layer.alt}', tiles[name], href)
            for layer, tiles, href in layers
            if name in tiles
        )
        if pictures:
            stacks.append(Stack(pictures, side, rank, scan.image_row(hemisphere, rank)))
    return tuple(stacks)


def find_unusable(output_dir: Path, participant: str) -> list[str]:
    """Return which of a participant's figures cannot be shown, one sentence each."""
    folder = Path(output_dir) / f'sub-{participant}' / 'figures'
    return [
        f'{path.name} is not shown: it is not an SVG, or larger than {MAX_BYTES / 2**20:g} MB'
        for path in sorted(folder.glob('*.svg'))
        if not read_pictures(path)
    ]
