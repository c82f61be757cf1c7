"""The visual report of one participant, from what was saved in the derivatives."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pvs_workflow.errors import PVSError
from pvs_workflow.report.citations import load_citations
from pvs_workflow.report.embed import Picture, Stack, find_unusable, load_stacks
from pvs_workflow.report.methods import describe_methods
from pvs_workflow.report.provenance import RunRecord, load_runs
from pvs_workflow.report.rendering import write_page
from pvs_workflow.report.results import ScanResult, find_scans
from pvs_workflow.report.spec import Reportlet, Section, load_specification

MAX_PICTURE_CHARACTERS = 14_000_000
"""Maximum size of the pictures of one page; later ones are linked, not shown."""


@dataclass(frozen=True)
class ShownReportlet:
    """A reportlet with its pictures; those that no longer fit in are linked only."""

    reportlet: Reportlet
    stacks: tuple[Stack, ...]
    fits: bool

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """One picture for each layer."""
        return self.stacks[0].pictures if self.stacks else ()


@dataclass(frozen=True)
class ShownSection:
    """A section as the page shows it: once, or once for each T2w."""

    anchor: str
    title: str
    scan: ScanResult | None
    items: tuple[ShownReportlet, ...]


def write_subject_page(output_dir: Path, participant: str) -> Path:
    """Write ``sub-X.html``: one file with everything in it, to be opened anywhere.

    Only derivatives are read, and of them what :func:`provenance.save_run` recorded, so that the
    page can be made again at any time. It is written for participants whose run failed, too:
    with the errors, and what was saved before.

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
    specification = load_specification()
    ordering = next((s.ordering for s in specification.sections if s.ordering), ())
    scans = find_scans(output_dir, participant, ordering)
    problems = [problem for scan in scans for problem in scan.problems]
    problems += find_unusable(output_dir, participant)
    runs: list[RunRecord] = []
    try:
        runs = load_runs(output_dir, participant)
    except PVSError as error:
        problems.append(str(error))
    return write_page(
        output_dir / f'sub-{participant}.html',
        'subject.html.j2',
        title=specification.title,
        participant=participant,
        parts=collect_sections(output_dir, specification.sections, scans),
        scans=scans,
        errors=[message for run in runs for message in run.messages],
        problems=problems,
        methods=describe_methods(scans, runs[-1].facts if runs else {}, len(runs)),
        cite=load_citations(),
        provenance=[(list(run.scans), run.facts) for run in runs if run.facts],
    )


def collect_sections(
    output_dir: Path, sections: Sequence[Section], scans: Sequence[ScanResult]
) -> list[ShownSection]:
    """Lay the page out: repeat sections for each T2w, and load the pictures that exist.

    Where there is no room for all pictures, those of the later reportlets are linked only, of
    every T2w: rather alignments than the images that were counted.
    """
    shown, room = [], MAX_PICTURE_CHARACTERS
    for section in sections:
        repeats = list(scans) if section.ordering else [None]
        items: list[list[ShownReportlet]] = [[] for _ in repeats]
        for reportlet in section.reportlets:
            for scan, row in zip(repeats, items, strict=True):
                stacks = load_stacks(output_dir, scan, reportlet) if scan else ()
                size = sum(len(picture.uri) for stack in stacks for picture in stack.pictures)
                fits = size <= room
                room -= size if fits else 0
                if stacks or reportlet.custom:
                    row.append(ShownReportlet(reportlet, stacks, fits))
        for number, (scan, row) in enumerate(zip(repeats, items, strict=True), start=1):
            anchor = f'{section.name}-{number}' if scan else section.name
            title = scan.title if scan else section.title
            shown.append(ShownSection(anchor, title, scan, tuple(row)))
    return shown
