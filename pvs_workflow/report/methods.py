"""The methods text of a page: what was done, with which versions, after whom."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from pvs_workflow.files import write_text
from pvs_workflow.report.citations import load_citations, markdown_mark
from pvs_workflow.report.rendering import render_template, write_page
from pvs_workflow.report.results import ScanResult


@dataclass(frozen=True)
class Methods:
    """What the methods text depends on.

    Attributes
    ----------
    versions : mapping of str to str
        By package name.
    t1w, flair : {'all', 'some', 'none'}
        Of how many of the participant's T2w such a scan was there.
    bias_correction : bool, optional
        Whether N4 was on; None where it was not recorded.
    model, model_sha256 : str
    seed : str
    runs : int
        How many runs made the results; all else is of the last one.

    """

    versions: Mapping[str, str]
    t1w: str
    flair: str
    bias_correction: bool | None
    model: str
    model_sha256: str
    seed: str
    runs: int = 1

    def version(self, package: str) -> str:
        """Return a package's version in words."""
        return self.versions.get(package, 'version not recorded')


def describe_methods(scans: Sequence[ScanResult], provenance: Mapping, runs: int = 1) -> Methods:
    """Collect what the methods text of a page depends on.

    Parameters
    ----------
    scans : sequence of ScanResult
    provenance : mapping
        What :func:`methods_of_run` reads; all of it may be missing.
    runs : int
        How many runs made the results; ``provenance`` is the last one's.

    """
    graded = [scan.grade for scan in scans if scan.grade is not None]
    from_tables = (graded[0]['model'], graded[0]['model_sha256']) if graded else ()
    return methods_of_run(
        provenance,
        t1w=[scan.has_contrast('T1w') for scan in scans],
        flair=[scan.has_contrast('FLAIR') for scan in scans],
        model=from_tables,
        runs=runs,
    )


def methods_of_run(
    provenance: Mapping,
    *,
    t1w: Sequence[bool],
    flair: Sequence[bool],
    model: Sequence[str] = (),
    runs: int = 1,
) -> Methods:
    """Collect what the methods text depends on.

    Parameters
    ----------
    provenance : mapping
        ``version`` (ours), ``versions`` (package to version), ``model`` (``name``, ``version``,
        ``sha256``), ``seed`` and ``bias_correction`` are read; all of them may be missing.
    t1w, flair : sequences of bool
        Whether there was such a scan, for each T2w.
    model : (str, str), optional
        Name and checksum, where the provenance has none.
    runs : int

    """
    recorded = provenance.get('model', {})
    name, checksum = model or ('not recorded', 'not recorded')
    if isinstance(recorded, Mapping) and recorded:
        name = ' '.join(str(recorded[key]) for key in ('name', 'version') if key in recorded)
        checksum = recorded.get('sha256', 'not recorded')
    versions = dict(provenance.get('versions', {}))
    if 'version' in provenance:
        versions['pvs_workflow'] = provenance['version']
    return Methods(
        {key: str(value) for key, value in versions.items()},
        _share(t1w),
        _share(flair),
        provenance.get('bias_correction'),
        str(name),
        str(checksum),
        str(provenance.get('seed', 'not recorded')),
        runs,
    )


def write_citations(folder: Path, methods: Methods) -> list[Path]:
    """Write the methods text as ``CITATION.md`` and ``.html``, its references as ``.bib``.

    Parameters
    ----------
    folder : Path
    methods : Methods

    Returns
    -------
    list of Path

    Raises
    ------
    OutputError
        If the files cannot be written.

    """
    markdown, page, bibliography = (folder / f'CITATION.{end}' for end in ('md', 'html', 'bib'))
    cite = load_citations(markdown_mark)
    write_text(
        markdown,
        render_template('citation.md.j2', methods=methods, cite=cite, code=_markdown_code),
    )
    write_text(bibliography, '\n\n'.join(entry.bibtex for entry in cite.cited) + '\n')
    write_page(page, 'citation.html.j2', methods=methods, cite=load_citations())
    return [markdown, page, bibliography]


def _markdown_code(text: str) -> Markup:
    return Markup('`{}`').format(text)


def _share(there: Sequence[bool]) -> str:
    """Say how many are there; 'some' leaves it open where nothing is known.

    Examples
    --------
    >>> _share([True, False]), _share([False]), _share([])
    ('some', 'none', 'some')

    """
    if not there or (any(there) and not all(there)):
        return 'some'
    return 'all' if all(there) else 'none'
