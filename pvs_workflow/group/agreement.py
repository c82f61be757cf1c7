"""Raters beside the model."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pvs_workflow.group.results import Result
from pvs_workflow.raters.items import model_results
from pvs_workflow.raters.rated import match_ratings
from pvs_workflow.raters.rater_agreement import agreement_table, find_pairs
from pvs_workflow.raters.ratings import read_ratings
from pvs_workflow.raters.reading_key import find_key
from pvs_workflow.report.agreement_section import agreement_section
from pvs_workflow.report.sections import GroupSection


@dataclass(frozen=True)
class Agreement:
    """How raters agree with the model and each other."""

    table: pd.DataFrame
    section: GroupSection
    problems: tuple[str, ...]


def compare_raters(
    output_dir: Path,
    ratings: Sequence[Path],
    results: Iterable[Result],
) -> Agreement:
    """Compare raters with the model, and with each other.

    Parameters
    ----------
    output_dir : Path
        Where the key of a reading sheet is, unless it lies beside the ratings.
    ratings : sequence of Path
    results : iterable of (dict, list of dict)
        Each T2w's grade and counts.

    Raises
    ------
    PVSError
        If ratings cannot be used.

    """
    read = read_ratings(ratings, lambda folder: find_key([folder, output_dir]))
    rated = match_ratings(read, model_results(results))
    pairs = find_pairs(rated)
    table = agreement_table(rated, pairs)
    return Agreement(table, agreement_section(rated, pairs, table), rated.problems)
