"""The ``pvs_workflow`` command: parse arguments, run a level, return an exit code."""
