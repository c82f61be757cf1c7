"""From the participants' derivatives to the group's tables, page and reading sheet."""

from pvs_workflow.group.collect import GroupOutput, collect_group, collect_sheet

__all__ = ['GroupOutput', 'collect_group', 'collect_sheet']
