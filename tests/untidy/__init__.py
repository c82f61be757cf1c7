"""Datasets as people really have them, each with the result that it must give."""

"""Untidy datasets, as cohorts have them: each ends in results, or in one sentence that helps."""
"""Cohorts as they are: untidy datasets, machines and file systems."""
