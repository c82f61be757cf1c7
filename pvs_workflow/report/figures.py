"""All figures of the participant's page: arrays in canonical order (RAS+) in, figures out.

Nothing here reads a dataset or keeps state; :func:`save_figure` writes what the others return.
"""

from pvs_workflow.report.alignment import registration_figure
from pvs_workflow.report.anatomy import roi_figure
from pvs_workflow.report.charts import grade_figure
from pvs_workflow.report.images import enhanced_figure, evidence_figure, images_figure
from pvs_workflow.report.saving import save_figure

__all__ = [
    'enhanced_figure',
    'evidence_figure',
    'grade_figure',
    'images_figure',
    'registration_figure',
    'roi_figure',
    'save_figure',
]
