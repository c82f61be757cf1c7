"""References: numbered or named in a text, listed under it, and written as BibTeX."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import yaml
from markupsafe import Markup

from pvs_workflow import data

OTHERS = 'et al'
"""The last author of a list that is longer."""


@dataclass(frozen=True, kw_only=True)
class Reference:
    """One entry of the reference list.

    Attributes
    ----------
    key : str
    kind : str
        BibTeX's name of the kind.
    authors : sequence of str
        Last name and initials, as ``Van Leemput K``.
    title, doi : str
    journal, volume, number, pages, publisher : str
        Empty where there is none.
    year : int, optional

    """

    key: str
    kind: str
    authors: Sequence[str]
    title: str
    doi: str
    journal: str = ''
    year: int | None = None
    volume: str = ''
    number: str = ''
    pages: str = ''
    publisher: str = ''

    @property
    def url(self) -> str:
        """The DOI as an address."""
        return f'https://doi.org/{self.doi}'

    @property
    def text(self) -> str:
        """The entry as a list of references shows it (Vancouver style), without the DOI.

        Examples
        --------
        >>> Reference(
        ...     key='a', kind='article', authors=['Ng A', 'et al'], title='Of it', doi='10/a',
        ...     journal='J', year=2020, volume=1, number=2, pages='3–4',
        ... ).text
        'Ng A, et al. Of it. J 2020;1(2):3–4.'

        """
        issue = f'{self.volume}({self.number})' if self.number else f'{self.volume}'
        place = f'{self.journal} {self.year};{issue}:{self.pages}'
        where = place if self.journal else self.publisher
        return f'{", ".join(self.authors)}. {self.title}. {where}.'

    @property
    def bibtex(self) -> str:
        """The entry in BibTeX; titles keep their capitals.

        Examples
        --------
        >>> entry = Reference(
        ...     key='a', kind='article', authors=['Van Ng AB', 'et al'], title='Of it', doi='10/a'
        ... )
        >>> print(entry.bibtex)
        @article{a,
          author = {Van Ng, A. B. and others},
          title = {{Of it}},
          doi = {10/a}
        }

        """
        values = {
            'author': ' and '.join(map(_bibtex_author, self.authors)),
            'title': f'{{{self.title}}}',
            'journal': self.journal,
            'year': self.year,
            'volume': self.volume,
            'number': self.number,
            'pages': self.pages,
            'publisher': self.publisher,
            'doi': self.doi,
        }
        lines = [f'  {name} = {{{value}}}' for name, value in values.items() if value]
        # The one sign that is not ASCII: the dash of ranges.
        return (f'@{self.kind}{{{self.key},\n' + ',\n'.join(lines) + '\n}').replace('–', '--')


def _bibtex_author(name: str) -> str:
    if name == OTHERS:
        return 'others'
    last, initials = name.rsplit(' ', 1)
    return f'{last}, {" ".join(f"{letter}." for letter in initials)}'


def html_mark(reference: Reference, number: int) -> Markup:
    """Return a link to an entry of the page's list."""
    return Markup('<a class="cite" href="#ref-{}">[{}]</a>').format(reference.key, number)


def markdown_mark(reference: Reference, number: int) -> Markup:
    """Return a citation as Pandoc's Markdown has it."""
    return Markup('[@{}]').format(reference.key)


@dataclass
class Citations:
    """Numbers references in the order in which a text cites them.

    Attributes
    ----------
    known : mapping of str to Reference
    mark : callable
        Writes one citation, from the reference and its number.
    cited : list of Reference
        So far.

    Examples
    --------
    >>> cite = load_citations()
    >>> str(cite('brett')), [reference.key for reference in cite.cited]
    ('<a class="cite" href="#ref-brett">[1]</a>', ['brett'])

    """

    known: Mapping[str, Reference]
    mark: Callable[[Reference, int], Markup] = html_mark
    cited: list[Reference] = field(default_factory=list)

    def __call__(self, *keys: str) -> Markup:
        """Cite some references, which join the list where they are new."""
        marks = []
        for key in keys:
            reference = self.known[key]
            if reference not in self.cited:
                self.cited.append(reference)
            marks.append(self.mark(reference, self.cited.index(reference) + 1))
        return Markup(' ').join(marks)


def load_citations(mark: Callable[[Reference, int], Markup] = html_mark) -> Citations:
    """Read the shipped references."""
    content = data.path('report', 'references.yml').read_text(encoding='utf-8')
    entries = yaml.safe_load(content)
    return Citations({key: Reference(key=key, **entry) for key, entry in entries.items()}, mark)
