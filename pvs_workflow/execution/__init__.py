"""Run a graph: workers, memory, locks and progress."""
