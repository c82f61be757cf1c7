"""Small graphs that the real engine runs in a process of their own."""

from pathlib import Path

TINY = Path(__file__).with_name('tiny_graph.py')
MEMORY = Path(__file__).with_name('memory_graph.py')
ALL = ['sub-01', 'sub-02', 'sub-03', 'sub-04']
OTHERS = ['sub-01', 'sub-03', 'sub-04']


def is_alive(pid):
    """Tell whether a process runs; one that waits to be reaped does not."""
    try:
        return Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[0] != 'Z'
    except FileNotFoundError:
        return False
