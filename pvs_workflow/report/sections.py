"""What the group's page shows besides its own two tables."""

from collections.abc import Mapping
from dataclasses import dataclass


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
