"""Make group tables, the group page and reading sheets from the participants' derivatives."""

from pvs_workflow.group.collect import GroupOutput, collect_group, collect_sheet

__all__ = ['GroupOutput', 'collect_group', 'collect_sheet']
