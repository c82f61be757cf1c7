"""The methods text of a page: what was done, with which versions, after whom."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import yaml
from markupsafe import Markup

from pvs_workflow import data
from pvs_workflow.report.results import ScanResult


class Reference(NamedTuple):
    """One entry of the reference list."""

    key: str
    text: str
    doi: str


@dataclass
class Citations:
    """Numbers references in the order in which a text cites them.

    Examples
    --------
    >>> cite = Citations({'a': Reference('a', 'A.', '10/a'), 'b': Reference('b', 'B.', '10/b')})
    >>> str(cite('b')), [reference.key for reference in cite.cited]
    ('<a class="cite" href="#ref-b">[1]</a>', ['b'])

    """

    known: Mapping[str, Reference]
    cited: list[Reference] = field(default_factory=list)

    def __call__(self, *keys: str) -> Markup:
        """Return the links to some references, which join the list where they are new."""
        marks = []
        for key in keys:
            reference = self.known[key]
            if reference not in self.cited:
                self.cited.append(reference)
            number = self.cited.index(reference) + 1
            marks.append(Markup('<a class="cite" href="#ref-{}">[{}]</a>').format(key, number))
        return Markup(' ').join(marks)


def load_citations() -> Citations:
    """Read the shipped references."""
    content = data.path('report', 'references.yml').read_text(encoding='utf-8')
    entries = yaml.safe_load(content)
    return Citations({key: Reference(key, **entry) for key, entry in entries.items()})


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

    """

    versions: Mapping[str, str]
    t1w: str
    flair: str
    bias_correction: bool | None
    model: str
    model_sha256: str
    seed: str

    def version(self, package: str) -> str:
        """Return a package's version in words."""
        return self.versions.get(package, 'version not recorded')


def describe_methods(scans: Sequence[ScanResult], provenance: Mapping) -> Methods:
    """Collect what the methods text depends on.

    Parameters
    ----------
    scans : sequence of ScanResult
    provenance : mapping
        ``version`` (ours), ``versions`` (package to version), ``model`` (``name``, ``version``,
        ``sha256``), ``seed`` and ``bias_correction`` are read; all of them may be missing.

    """
    model = provenance.get('model', {})
    graded = [scan.grade for scan in scans if scan.grade is not None]
    if isinstance(model, Mapping) and model:
        name = ' '.join(str(model[key]) for key in ('name', 'version') if key in model)
        checksum = str(model.get('sha256', 'not recorded'))
    else:
        name = str(model or (graded[0]['model'] if graded else 'not recorded'))
        checksum = str(graded[0]['model_sha256'] if graded else 'not recorded')
    versions = dict(provenance.get('versions', {}))
    if 'version' in provenance:
        versions['pvs_workflow'] = provenance['version']
    return Methods(
        {key: str(value) for key, value in versions.items()},
        _share([scan.has_contrast('T1w') for scan in scans]),
        _share([scan.has_contrast('FLAIR') for scan in scans]),
        provenance.get('bias_correction'),
        name,
        checksum,
        str(provenance.get('seed', 'not recorded')),
    )


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
