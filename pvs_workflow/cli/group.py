"""Run the group level: tables and a report of all participants."""

import logging

from pvs_workflow.cli.logs import start_records
from pvs_workflow.derivatives.description import describe_outputs
from pvs_workflow.errors import EXIT_FAILED, EXIT_OK
from pvs_workflow.group import collect_group, collect_sheet
from pvs_workflow.settings import Settings

log = logging.getLogger('pvs_workflow')


def run_group(settings: Settings) -> int:
    """Write the group tables and report from the derivatives; return 0 if all were usable."""
    outputs = [collect_group(settings.output_dir, settings.bids_dir, settings.ratings)]
    if settings.reading_sheet:
        outputs.append(collect_sheet(settings.output_dir, settings.random_seed))
    start_records(settings)
    describe_outputs(settings.output_dir)
    for warning in (warning for output in outputs for warning in output.warnings):
        log.warning('%s', warning)
    problems = list(dict.fromkeys(problem for output in outputs for problem in output.problems))
    for problem in problems:
        log.error('%s', problem)
    for path in (path for output in outputs for path in output.written):
        log.info('wrote %s', path)
    return EXIT_FAILED if problems else EXIT_OK
