"""The visual report of one participant, from what was saved in the derivatives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pvs_workflow.report.embed import Picture, load_pictures
from pvs_workflow.report.methods import describe_methods, load_citations
from pvs_workflow.report.rendering import flatten, write_page
from pvs_workflow.report.results import ScanResult, find_scans
from pvs_workflow.report.spec import Reportlet, Section, load_specification

MAX_PICTURE_CHARACTERS = 14_000_000
"""What the pictures of one page may take; later ones are linked, not shown."""


@dataclass(frozen=True)
class Item:
    """A reportlet with its pictures; those that no longer fit in are linked only."""

    reportlet: Reportlet
    pictures: tuple[Picture, ...]
    fits: bool = True


@dataclass(frozen=True)
class Part:
    """A section as the page shows it: once, or once for each T2w."""

    anchor: str
    title: str
    section: Section
    scan: ScanResult | None
    items: tuple[Item, ...]


def write_subject_page(
    output_dir: Path,
    participant: str,
    *,
    provenance: Mapping,
    errors: Sequence[str],
) -> Path:
    """Write ``sub-X.html``: one file with everything in it, to be opened anywhere.

    Only derivatives are read, so that the page can be made again at any time. It is written
    for participants whose run failed, too: with the errors, and whatever was saved before.

    Parameters
    ----------
    output_dir : Path
        The derivatives.
    participant : str
        Label, with or without ``sub-``.
    provenance : mapping
        What made the results, shown as it is. The methods text uses, where they are there,
        ``version`` (ours), ``versions`` (package to version), ``model`` (``name``, ``version``,
        ``sha256``), ``seed`` and ``bias_correction`` (bool).
    errors : sequence of str
        One sentence each; shown as text.

    Returns
    -------
    Path

    Raises
    ------
    OutputError
        If the page cannot be written.

    """
    output_dir = Path(output_dir)
    participant = participant.removeprefix('sub-')
    specification = load_specification()
    ordering = next((s.ordering for s in specification.sections if s.ordering), ())
    scans = find_scans(output_dir, participant, ordering)
    return write_page(
        output_dir / f'sub-{participant}.html',
        'subject.html.j2',
        title=specification.title,
        participant=participant,
        parts=collect_parts(output_dir, specification.sections, scans),
        scans=scans,
        errors=tuple(errors),
        methods=describe_methods(scans, provenance),
        cite=load_citations(),
        provenance=flatten(provenance),
    )


def collect_parts(
    output_dir: Path, sections: Sequence[Section], scans: Sequence[ScanResult]
) -> list[Part]:
    """Lay the page out: repeat sections for each T2w, and load the pictures that exist."""
    parts, room = [], MAX_PICTURE_CHARACTERS
    for section in sections:
        for number, scan in enumerate(scans if section.ordering else [None], start=1):
            items = []
            for reportlet in section.reportlets:
                pictures = load_pictures(output_dir, scan, reportlet) if scan else []
                size = sum(len(picture.uri) for picture in pictures)
                fits = size <= room
                room -= size if fits else 0
                if pictures or reportlet.custom:
                    items.append(Item(reportlet, tuple(pictures), fits))
            anchor = f'{section.name}-{number}' if scan else section.name
            title = scan.title if scan else section.title
            parts.append(Part(anchor, title, section, scan, tuple(items)))
    return parts
