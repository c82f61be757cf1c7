"""Query a BIDS dataset for scans, and check its images."""

from pvs_workflow.inputs.collect import collect_scans
from pvs_workflow.inputs.dataset import check_dataset, clean_labels, find_participants
from pvs_workflow.inputs.query import load_filters
from pvs_workflow.inputs.scan import Scan, Selection

__all__ = [
    'Scan',
    'Selection',
    'check_dataset',
    'clean_labels',
    'collect_scans',
    'find_participants',
    'load_filters',
]
