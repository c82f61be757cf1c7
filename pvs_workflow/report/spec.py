"""The page's specification: which sections, and which saved figures go where.

The YAML has sections and reportlets as nireports' specifications, so that its readers feel at
home. Its assembler is not used: it imports nipype (which the report must not), writes text into
HTML without escaping it, refers to figures by relative path and loads its styles from a network.
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
        Of the figure's name, ``*_desc-<desc>_T2w.svg``.
    alt : str
        What the picture shows, for who does not see it.
    label : str
        Names the layer where there are several.
    part : str
        Name of a tile of the saved sheet; empty for a figure that is no sheet.

    """

    desc: str
    alt: str
    label: str = ''
    part: str = ''


@dataclass(frozen=True, kw_only=True)
class Reportlet:
    """One item of a section: figures, or something that the page itself makes (``custom``).

    With ``panels``, figures of the six images are shown image by image.
    """

    name: str
    title: str = ''
    caption: str = ''
    layers: tuple[Layer, ...] = ()
    custom: str = ''
    panels: bool = False


@dataclass(frozen=True)
class Section:
    """One section; with an ``ordering`` (entities), it is repeated for every T2w, sorted by it."""

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
