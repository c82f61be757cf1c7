"""What the group's page shows besides its own two tables."""

from collections.abc import Mapping
from dataclasses import dataclass

from matplotlib.figure import Figure

from pvs_workflow.report.saving import figure_uri


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
    """A figure of the group, ready for the page; text in it is escaped."""

    title: str
    alt: str
    caption: str
    uri: str


def draw_chart(title: str, alt: str, caption: str, figure: Figure) -> Chart:
    """Put a figure into a chart, as SVG."""
    return Chart(title, alt, caption, figure_uri(figure))
