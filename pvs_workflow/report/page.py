"""Visual report of one participant, from the saved derivatives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from urllib.parse import quote

from pvs_workflow.errors import PVSError
from pvs_workflow.report.methods import load_citations, methods_of_run
from pvs_workflow.report.provenance import RunRecord, load_runs
from pvs_workflow.report.rendering import SIDE_WORDS, write_page
from pvs_workflow.report.results import ScanResult, find_scans
from pvs_workflow.report.saving import MAX_BYTES, read_pictures
from pvs_workflow.report.spec import Reportlet, Section, load_sections
from pvs_workflow.science.slices import HEMISPHERES, N_SLICES

MAX_PICTURE_CHARACTERS = 14_000_000
"""Maximum size of the embedded pictures of one page; further ones are linked."""


@dataclass(frozen=True)
class Picture:
    """One picture of a reportlet, embedded in the page as a data URI.

    ``label`` is empty if there is only one layer; ``href`` is the saved file, relative to the
    page.
    """

    label: str
    alt: str
    uri: str
    href: str


@dataclass(frozen=True)
class Stack:
    """Pictures that a reportlet shows in the same place, one for each layer.

    Stacks of the six images also have the person's side in words, a rank from 1 (inferior) to 3
    (superior), and their row of the table of counts (None if it is missing).
    """

    pictures: tuple[Picture, ...]
    side: str = ''
    rank: int = 0
    row: Mapping | None = None


@dataclass(frozen=True)
class PageReportlet:
    """A reportlet with its pictures; if ``fits`` is false, they are only linked."""

    reportlet: Reportlet
    stacks: tuple[Stack, ...]
    fits: bool

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """The pictures of the first stack, one for each layer."""
        return self.stacks[0].pictures if self.stacks else ()


@dataclass(frozen=True)
class PageSection:
    """A section of the page; sections about T2w occur once for each T2w."""

    anchor: str
    title: str
    scan: ScanResult | None
    items: tuple[PageReportlet, ...]


def write_subject_page(output_dir: Path, participant: str) -> Path:
    """Write ``sub-X.html``, a self-contained file.

    The page is built from derivatives only, including the record of
    :func:`provenance.save_run`, so it can be rebuilt at any time. Participants whose run failed
    also get a page, with the errors and the results saved before.

    Parameters
    ----------
    output_dir : Path
    participant : str
        Label, with or without ``sub-``.

    Raises
    ------
    OutputError
        If the page cannot be written.

    """
    participant = participant.removeprefix('sub-')
    sections = load_sections()
    ordering = next((section.ordering for section in sections if section.ordering), ())
    scans = find_scans(output_dir, participant, ordering)
    problems = [problem for scan in scans for problem in scan.problems]
    problems += find_unusable(output_dir, participant)
    runs: list[RunRecord] = []
    try:
        runs = load_runs(output_dir, participant)
    except PVSError as error:
        problems.append(str(error))
    grades = (scan.grade for scan in scans if scan.grade is not None)
    methods = methods_of_run(
        runs[-1].facts if runs else {},
        t1w=[scan.has_contrast('T1w') for scan in scans],
        flair=[scan.has_contrast('FLAIR') for scan in scans],
        model=next(((grade['model'], grade['model_sha256']) for grade in grades), None),
        runs=len(runs),
    )
    return write_page(
        output_dir / f'sub-{participant}.html',
        'subject.html.j2',
        participant=participant,
        sections=collect_sections(output_dir, sections, scans),
        scans=scans,
        errors=[message for run in runs for message in run.messages],
        problems=problems,
        methods=methods,
        cite=load_citations(),
        provenance=[(list(run.scans), run.facts) for run in runs if run.facts],
    )


def collect_sections(
    output_dir: Path, sections: Sequence[Section], scans: Sequence[ScanResult]
) -> list[PageSection]:
    """Repeat sections for each T2w, and load the pictures that exist.

    If the pictures exceed the maximum size, those of later reportlets are only linked, for all
    T2w: alignments are dropped before the images that were counted.
    """
    page_sections, remaining = [], MAX_PICTURE_CHARACTERS
    for section in sections:
        repeats = list(scans) if section.ordering else [None]
        items: list[list[PageReportlet]] = [[] for _ in repeats]
        for reportlet in section.reportlets:
            for scan, row in zip(repeats, items, strict=True):
                stacks = load_stacks(output_dir, scan, reportlet) if scan else ()
                size = sum(len(picture.uri) for stack in stacks for picture in stack.pictures)
                fits = size <= remaining
                remaining -= size if fits else 0
                if stacks or reportlet.custom:
                    row.append(PageReportlet(reportlet, stacks, fits))
        for number, (scan, row) in enumerate(zip(repeats, items, strict=True), start=1):
            anchor = f'{section.name}-{number}' if scan else section.name
            title = scan.title if scan else section.title
            page_sections.append(PageSection(anchor, title, scan, tuple(row)))
    return page_sections


def load_stacks(output_dir: Path, scan: ScanResult, reportlet: Reportlet) -> tuple[Stack, ...]:
    """Load the saved layers of a reportlet for a T2w: one stack, or none.

    A reportlet with panels has a stack for each of the six images: left before right, from the
    bottom up.
    """
    folder = output_dir / f'sub-{scan.entities["sub"]}' / 'figures'
    layers = [
        (layer, read_pictures(path), quote(path.relative_to(output_dir).as_posix()))
        for layer in reportlet.layers
        if (path := folder / f'{scan.stem}_desc-{layer.desc}_T2w.svg').is_file()
    ]

    def pictures(tile: str = '', prefix: str = '') -> tuple[Picture, ...]:
        return tuple(
            Picture(layer.label, prefix + layer.alt, tiles[name], href)
            for layer, tiles, href in layers
            if (name := tile or layer.part) in tiles
        )

    if not reportlet.panels:
        stacks = [Stack(pictures())]
    else:
        stacks = []
        for hemisphere, rank in product(HEMISPHERES, range(1, N_SLICES + 1)):
            side = SIDE_WORDS[hemisphere]
            prefix = f'{side.capitalize()} hemisphere, slice {rank} of {N_SLICES}: '
            layered = pictures(f'{hemisphere}{rank}', prefix)
            stacks.append(Stack(layered, side, rank, scan.image_row(hemisphere, rank)))
    return tuple(stack for stack in stacks if stack.pictures)


def find_unusable(output_dir: Path, participant: str) -> list[str]:
    """Return a message for each figure of a participant that cannot be shown."""
    folder = output_dir / f'sub-{participant}' / 'figures'
    return [
        f'{path.name} is not shown: it is not an SVG or exceeds {MAX_BYTES / 2**20:g} MB'
        for path in sorted(folder.glob('*.svg'))
        if not read_pictures(path)
    ]
