"""The tables of one T2w, written in the order that makes a grade the mark of a whole result."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pvs_workflow.derivatives import names
from pvs_workflow.derivatives.tables import write_table

if TYPE_CHECKING:
    import pandas as pd

_FILES = {
    'epvs_instances': names.INSTANCES,
    'epvs_counts': names.COUNTS,
    'potter_grade': names.GRADE,
}
"""The grade comes last, so that its presence marks a complete result."""


def save_results(
    tables: Mapping[str, 'pd.DataFrame'], stem: str, sources: Sequence[str]
) -> dict[str, Path]:
    """Write the instances, the counts and, last, the grade of a T2w.

    Parameters
    ----------
    tables : mapping of DataFrame
        ``epvs_instances``, ``epvs_counts`` and ``potter_grade``.
    stem : str
        Path of the files before their own entities.
    sources : sequence of str
        BIDS URIs of what the tables were made from.

    Returns
    -------
    dict of Path
        The TSV of each table.

    """
    return {
        table: write_table(tables[table], Path(f'{stem}_{tail}.tsv'), table, sources)[0]
        for table, tail in _FILES.items()
    }
