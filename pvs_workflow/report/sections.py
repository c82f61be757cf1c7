"""What the group's page shows besides its own two tables."""

from collections.abc import Mapping
from dataclasses import dataclass

from matplotlib.figure import Figure

from pvs_workflow.report.embed import svg_uri
from pvs_workflow.report.saving import svg_bytes

_DOTS_PER_INCH = 144
"""Of the few charts that are drawn as pixels; twice what a page shows."""


@dataclass(frozen=True)
class GroupSection:
    """One more section of the group's page.

    Attributes
    ----------
    anchor : str
        Of the page's links; letters and hyphens.
    title : str
    template : str
        Name in ``data/report``; it sees the values of ``context`` as ``section.context``.
    context : mapping
        Text in it is escaped.

    """

    anchor: str
    title: str
    template: str
    context: Mapping


@dataclass(frozen=True)
class Chart:
    """A figure of the group, ready for the page.

    Attributes
    ----------
    title, alt, caption : str
        Text in them is escaped.
    uri : str

    """

    title: str
    alt: str
    caption: str
    uri: str


def draw_chart(title: str, alt: str, caption: str, figure: Figure) -> Chart:
    """Put a figure into a chart, as SVG."""
    uri = svg_uri(svg_bytes(figure, dpi=_DOTS_PER_INCH).decode('utf-8'))
    return Chart(title, alt, caption, uri)
