"""The command ``pvs_cascade``: arguments in, exit codes out."""
