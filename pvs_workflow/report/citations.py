"""References: cited in a text by number or key, listed below it, and copied as BibTeX."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from markupsafe import Markup

from pvs_workflow import data

_ENTRY = re.compile(r'^@\w+\{(\w+),\n.*?^\}$', re.MULTILINE | re.DOTALL)
_FIELD = re.compile(r'^  (\w+) = \{+(.*?)\}+,?$', re.MULTILINE)
"""The shipped file has one field a line; this is no reader of other BibTeX."""

HTML_MARK = '<a class="cite" href="#ref-{key}">[{number}]</a>'


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
    """Numbers references in the order in which a text cites them.

    Attributes
    ----------
    known : mapping of str to BibEntry
    mark : str
        How one citation is written, of its ``key`` and ``number``.
    cited : list of BibEntry
        So far.

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


def load_citations(mark: str = HTML_MARK) -> Citations:
    """Read the shipped references, to be cited by links to the page's list or otherwise."""
    text = data.path('report', 'references.bib').read_text(encoding='utf-8')
    entries = [BibEntry(found[1], found[0]) for found in _ENTRY.finditer(text)]
    return Citations({entry.key: entry for entry in entries}, mark)
