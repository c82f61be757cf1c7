"""The method: one module for each step, and :func:`count_epvs`, which takes them in their order.

Each step is a function that takes what earlier steps returned, and returns a frozen dataclass that
can be saved and loaded. The nodes of the workflows do nothing else than call these functions.
"""

from pvs_workflow.method.pipeline import EPVSResult, count_epvs

__all__ = ['EPVSResult', 'count_epvs']
