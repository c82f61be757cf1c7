"""The images of all participants, to be rated blindly."""

from pathlib import Path

import pandas as pd

from pvs_workflow.group.output import GroupOutput
from pvs_workflow.group.results import GRADES_END, read_results
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
    for path, (grade, counts) in results.items():
        whose = (grade[name] for name in ('participant_id', 'session_id', 't2w'))
        stem = path.with_name(path.name.removesuffix(GRADES_END))
        scans.append(SheetScan(*whose, stem, pd.DataFrame(counts)))
    written, unseen = write_reading_sheet(output_dir, scans, seed)
    return GroupOutput(tuple(written), (*problems, *unseen))
