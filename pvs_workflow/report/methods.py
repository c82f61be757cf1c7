"""Methods text of a page, with its references."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from markupsafe import Markup

from pvs_workflow import data
from pvs_workflow.files import write_text
from pvs_workflow.report.rendering import render_template, write_page

_ENTRY = re.compile(r'^@\w+\{(\w+),\n.*?^\}$', re.MULTILINE | re.DOTALL)
_FIELD = re.compile(r'^  (\w+) = \{+(.*?)\}+,?$', re.MULTILINE)
"""Matches the shipped file only, which has one field per line; not a general BibTeX parser."""

HTML_MARK = '<a class="cite" href="#ref-{key}">[{number}]</a>'
_UNKNOWN = 'not recorded'


@dataclass(frozen=True)
class BibEntry:
    """Entry of the shipped references: its key and its BibTeX source."""

    key: str
    bibtex: str

    @cached_property
    def fields(self) -> Mapping[str, str]:
        """The fields by name, with en dashes in ranges."""
        return dict(_FIELD.findall(self.bibtex.replace('--', '–')))

    @property
    def text(self) -> str:
        """The entry in Vancouver style, without the DOI."""
        get = self.fields.get
        names = (name.partition(', ') for name in get('author').split(' and '))
        authors = [f'{last} {re.sub("[. ]", "", initials)}' for last, _, initials in names]
        issue = get('volume', '') + (f'({get("number")})' if get('number') else '')
        journal = f'{get("journal")} {get("year")};{issue}:{get("pages")}'
        source = journal if get('journal') else get('publisher')
        return f'{", ".join(authors).replace("others ", "et al")}. {get("title")}. {source}.'


@dataclass
class Citations:
    """Numbers references in order of citation; ``cited`` lists those cited so far.

    ``mark`` is the format of a citation, with the placeholders ``key`` and ``number``.
    """

    known: Mapping[str, BibEntry]
    mark: str
    cited: list[BibEntry] = field(default_factory=list)

    def __call__(self, key: str) -> Markup:
        """Cite an entry; add it to the list if it is new."""
        entry = self.known[key]
        if entry not in self.cited:
            self.cited.append(entry)
        return Markup(self.mark).format(key=key, number=self.cited.index(entry) + 1)


@dataclass(frozen=True)
class Methods:
    """Facts that the methods text depends on: the number of runs, and properties of the last run.

    ``t1w`` and ``flair`` are 'all', 'some' or 'none': the T2w with such a scan.
    ``bias_correction`` (N4) is None if it was not recorded. ``versions`` is by package name.
    """

    versions: Mapping[str, str]
    t1w: str
    flair: str
    bias_correction: bool | None
    model: str
    model_sha256: str
    seed: str
    runs: int

    def version(self, package: str) -> str:
        """Return the version of a package, or a phrase if it was not recorded."""
        return self.versions.get(package, f'version {_UNKNOWN}')


def methods_of_run(
    provenance: Mapping,
    *,
    t1w: Sequence[bool],
    flair: Sequence[bool],
    model: tuple[str, str] | None = None,
    runs: int = 1,
) -> Methods:
    """Collect the facts that the methods text depends on.

    Parameters
    ----------
    provenance : mapping
        ``version`` (of pvs_workflow), ``versions`` (package to version), ``model`` (``name``,
        ``version``, ``sha256``), ``seed`` and ``bias_correction`` are read; all are optional.
    t1w, flair : sequences of bool
        Whether each T2w had such a scan.
    model : (str, str), optional
        Name and checksum, used if the provenance has none.
    runs : int
        Number of runs that produced the results.

    """
    name, checksum = model or (_UNKNOWN, _UNKNOWN)
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


def load_citations(mark: str = HTML_MARK) -> Citations:
    """Read the shipped references; by default, citations are links to the page's list."""
    text = data.path('report', 'references.bib').read_text(encoding='utf-8')
    entries = [BibEntry(match[1], match[0]) for match in _ENTRY.finditer(text)]
    return Citations({entry.key: entry for entry in entries}, mark)


def write_citations(folder: Path, methods: Methods) -> list[Path]:
    """Write the methods text as ``CITATION.md`` and ``.html``, and its references as ``.bib``."""
    markdown, page, bibliography = (folder / f'CITATION.{end}' for end in ('md', 'html', 'bib'))
    cite, code = load_citations('[@{key}]'), Markup('`{}`').format
    write_text(markdown, render_template('citation.md.j2', methods=methods, cite=cite, code=code))
    write_text(bibliography, '\n\n'.join(entry.bibtex for entry in cite.cited) + '\n')
    write_page(page, 'citation.html.j2', methods=methods, cite=load_citations())
    return [markdown, page, bibliography]


def _share(present: Sequence[bool]) -> str:
    """Return 'all', 'some' or 'none'; 'some' if nothing is known."""
    if not present or any(present) != all(present):
        return 'some'
    return 'all' if all(present) else 'none'
