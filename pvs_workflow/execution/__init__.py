"""Run workflow graphs: workers, memory, locks and progress."""
