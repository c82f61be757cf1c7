"""The method: one module for each step, and :func:`count_epvs`, which runs all steps in order.

Each step is a function. It takes the results of earlier steps and returns a frozen dataclass that
can be saved and loaded. The nodes of the workflows only call these functions.
"""

from pvs_workflow.method.pipeline import EPVSResult, count_epvs

__all__ = ['EPVSResult', 'count_epvs']
