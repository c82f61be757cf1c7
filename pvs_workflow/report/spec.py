"""Specification of the participant's page: its sections and their figures.

The YAML file has sections and reportlets like specifications of nireports. The assembler of
nireports is not used: it imports nipype, which the report package must not. It also does not
escape text in HTML, links figures by relative path, and loads its styles from the network.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import yaml

from pvs_workflow import data


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One saved figure, or one picture of a saved sheet.

    Attributes
    ----------
    desc : str
        ``desc`` entity of the file name, ``*_desc-<desc>_T2w.svg``.
    alt : str
        Alternative text of the picture.
    label : str
        Name of the layer, if there are several.
    part : str
        Name of a tile of the saved sheet; empty for a single figure.

    """

    desc: str
    alt: str
    label: str = ''
    part: str = ''


@dataclass(frozen=True, kw_only=True)
class Reportlet:
    """One item of a section: saved figures, or content generated for the page (``custom``).

    With ``panels``, figures of the six images are shown separately for each image.
    """

    name: str
    title: str = ''
    caption: str = ''
    layers: tuple[Layer, ...] = ()
    custom: str = ''
    panels: bool = False


@dataclass(frozen=True)
class Section:
    """One section; with ``ordering``, it is repeated for every T2w, sorted by these entities."""

    name: str
    title: str
    reportlets: tuple[Reportlet, ...]
    ordering: Sequence[str] = ()


def load_sections() -> tuple[Section, ...]:
    """Read the shipped specification.

    Examples
    --------
    >>> [section.name for section in load_sections()]
    ['summary', 'scan', 'methods', 'errors', 'provenance']

    """
    content = data.path('report', 'spec.yml').read_text(encoding='utf-8')
    sections = []
    for section in yaml.safe_load(content)['sections']:
        reportlets = []
        for values in section.pop('reportlets'):
            layers = tuple(Layer(**layer) for layer in values.pop('layers', ()))
            reportlets.append(Reportlet(layers=layers, **values))
        sections.append(Section(reportlets=tuple(reportlets), **section))
    return tuple(sections)
