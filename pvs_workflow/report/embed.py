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
    """Return what was saved for a T2w of a reportlet's layers: one stack, or none.

    With panels, those of the six images: left before right, from the bottom up.
    """
    layers = [
        (layer, read_pictures(path), quote(path.relative_to(output_dir).as_posix()))
        for layer in reportlet.layers
        if (path := find_figure(output_dir, scan, layer.bids))
    ]

    def pictures(tile: str = '', where: str = '') -> tuple[Picture, ...]:
        return tuple(
            Picture(layer.label, where + layer.alt, tiles[name], href)
            for layer, tiles, href in layers
            if (name := tile or layer.part) in tiles
        )

    if not reportlet.panels:
        stacks = [Stack(pictures())]
    else:
        stacks = []
        for hemisphere, rank in product(HEMISPHERES, range(1, N_SLICES + 1)):
            side = SIDE_WORDS[hemisphere]
            where = f'{side.capitalize()} hemisphere, slice {rank} of {N_SLICES}: '
            shown = pictures(tile_name(hemisphere, rank), where)
            stacks.append(Stack(shown, side, rank, scan.image_row(hemisphere, rank)))
    return tuple(stack for stack in stacks if stack.pictures)


def find_unusable(output_dir: Path, participant: str) -> list[str]:
    """Return which of a participant's figures cannot be shown, one sentence each."""
    folder = output_dir / f'sub-{participant}' / 'figures'
    return [
        f'{path.name} is not shown: it is not an SVG, or larger than {MAX_BYTES / 2**20:g} MB'
        for path in sorted(folder.glob('*.svg'))
        if not read_pictures(path)
    ]
