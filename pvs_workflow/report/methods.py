"""The methods text of a page and its references: what was done, with what, after whom."""

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
"""The shipped file has one field a line; this is no reader of other BibTeX."""

HTML_MARK = '<a class="cite" href="#ref-{key}">[{number}]</a>'
_UNKNOWN = 'not recorded'


@dataclass(frozen=True)
class BibEntry:
    """One entry of the shipped references: its name, and all of it as BibTeX."""

    key: str
    bibtex: str

    @cached_property
    def fields(self) -> Mapping[str, str]:
        """The fields by name; ranges with a dash."""
        return dict(_FIELD.findall(self.bibtex.replace('--', '–')))

    @property
    def text(self) -> str:
        """The entry as a list of references shows it (Vancouver style), without the DOI."""
        get = self.fields.get
        people = (name.partition(', ') for name in get('author').split(' and '))
        authors = [f'{last} {re.sub("[. ]", "", initials)}' for last, _, initials in people]
        issue = get('volume', '') + (f'({get("number")})' if get('number') else '')
        place = f'{get("journal")} {get("year")};{issue}:{get("pages")}'
        where = place if get('journal') else get('publisher')
        return f'{", ".join(authors).replace("others ", "et al")}. {get("title")}. {where}.'


@dataclass
class Citations:
    """Numbers references in the order in which a text cites them; ``cited`` are those so far.

    One citation is written as ``mark``, of its ``key`` and ``number``.
    """

    known: Mapping[str, BibEntry]
    mark: str
    cited: list[BibEntry] = field(default_factory=list)

    def __call__(self, key: str) -> Markup:
        """Cite an entry, which joins the list where it is new."""
        entry = self.known[key]
        if entry not in self.cited:
            self.cited.append(entry)
        return Markup(self.mark).format(key=key, number=self.cited.index(entry) + 1)


@dataclass(frozen=True)
class Methods:
    """What the methods text depends on: the number of runs and, of the last one, all else.

    ``t1w`` and ``flair`` say of how many T2w such a scan was there (all, some or none);
    ``bias_correction`` (N4) is None where it was not recorded; versions are by package name.
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
        """Return a package's version in words."""
        return self.versions.get(package, f'version {_UNKNOWN}')


def methods_of_run(
    provenance: Mapping,
    *,
    t1w: Sequence[bool],
    flair: Sequence[bool],
    model: tuple[str, str] | None = None,
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
        How many runs made the results.

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
    """Read the shipped references, to be cited by links to the page's list or otherwise."""
    text = data.path('report', 'references.bib').read_text(encoding='utf-8')
    entries = [BibEntry(found[1], found[0]) for found in _ENTRY.finditer(text)]
    return Citations({entry.key: entry for entry in entries}, mark)


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
