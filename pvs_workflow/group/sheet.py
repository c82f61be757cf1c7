"""The reading sheet: the images of all participants, to be rated blindly."""

from pathlib import Path

import pandas as pd

from pvs_workflow.derivatives.results import read_results
from pvs_workflow.group.collect import GroupOutput
from pvs_workflow.report.reading_sheet import SheetScan, write_reading_sheet


def collect_sheet(output_dir: Path, seed: int) -> GroupOutput:
    """Write a blinded sheet of all images, to be rated, from the participants' derivatives.

    Parameters
    ----------
    output_dir : Path
    seed : int
        Of the random order.

    Returns
    -------
    GroupOutput

    Raises
    ------
    NoInputError
        If there is no usable result.
    PVSError
        If none of them can be shown, or a file cannot be written.

    """
    output_dir = Path(output_dir)
    results, problems = read_results(output_dir)
    scans = []
    for result in results:
        identity = (result.grade[name] for name in ('participant_id', 'session_id', 't2w'))
        scans.append(SheetScan(*identity, result.stem, pd.DataFrame(result.counts)))
    written, unseen = write_reading_sheet(output_dir, scans, seed)
    return GroupOutput(tuple(written), (*problems, *unseen))
