"""The methods text of a page: what was done, with which versions, after whom."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from pvs_workflow.files import write_text
from pvs_workflow.report.citations import load_citations
from pvs_workflow.report.rendering import render_template, write_page
from pvs_workflow.report.results import ScanResult

_UNKNOWN = 'not recorded'


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
        return self.versions.get(package, f'version {_UNKNOWN}')


def describe_methods(scans: Sequence[ScanResult], provenance: Mapping, runs: int) -> Methods:
    """Collect what the methods text of a page depends on; ``provenance`` is the last run's."""
    graded = [scan.grade for scan in scans if scan.grade is not None]
    return methods_of_run(
        provenance,
        t1w=[scan.has_contrast('T1w') for scan in scans],
        flair=[scan.has_contrast('FLAIR') for scan in scans],
        model=(graded[0]['model'], graded[0]['model_sha256']) if graded else (_UNKNOWN, _UNKNOWN),
        runs=runs,
    )


def methods_of_run(
    provenance: Mapping,
    *,
    t1w: Sequence[bool],
    flair: Sequence[bool],
    model: tuple[str, str] = (_UNKNOWN, _UNKNOWN),
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
    model : (str, str)
        Name and checksum, where the provenance has none.
    runs : int
        How many runs made the results.

    """
    name, checksum = model
    if recorded := provenance.get('model'):
        name = ' '.join(str(recorded[key]) for key in ('name', 'version') if key in recorded)
        checksum = recorded.get('sha256', _UNKNOWN)
    versions = dict(provenance.get('versions', {}))
    if 'version' in provenance:
        versions['pvs_workflow'] = provenance['version']
    return Methods(
        versions={key: str(value) for key, value in versions.items()},
        t1w=_share(t1w),
        flair=_share(flair),
        bias_correction=provenance.get('bias_correction'),
        model=str(name),
        model_sha256=str(checksum),
        seed=str(provenance.get('seed', _UNKNOWN)),
        runs=runs,
    )


def write_citations(folder: Path, methods: Methods) -> list[Path]:
    """Write the methods text as ``CITATION.md`` and ``.html``, its references as ``.bib``."""
    markdown, page, bibliography = (folder / f'CITATION.{end}' for end in ('md', 'html', 'bib'))
    cite, code = load_citations('[@{key}]'), Markup('`{}`').format
    write_text(markdown, render_template('citation.md.j2', methods=methods, cite=cite, code=code))
    write_text(bibliography, '\n\n'.join(entry.bibtex for entry in cite.cited) + '\n')
    write_page(page, 'citation.html.j2', methods=methods, cite=load_citations())
    return [markdown, page, bibliography]


def _share(there: Sequence[bool]) -> str:
    """Say how many are there; 'some' leaves it open where nothing is known."""
    if not there or any(there) != all(there):
        return 'some'
    return 'all' if all(there) else 'none'
