"""All figures of the reports: arrays in canonical order (RAS+) in, Matplotlib figures out.

Nothing here reads a dataset or keeps state; :func:`save_figure` writes what the others return.
"""

from pvs_workflow.report.alignment import registration_figure
from pvs_workflow.report.anatomy import roi_figure
from pvs_workflow.report.charts import distribution_figure, grade_figure, sides_figure
from pvs_workflow.report.saving import save_figure
from pvs_workflow.report.sheets import (
    cascade_figure,
    enhanced_figure,
    evidence_figure,
    images_figure,
)

__all__ = [
    'cascade_figure',
    'distribution_figure',
    'enhanced_figure',
    'evidence_figure',
    'grade_figure',
    'images_figure',
    'registration_figure',
    'roi_figure',
    'save_figure',
    'sides_figure',
]
