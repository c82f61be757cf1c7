"""Print the Potter grades of a group table for reading on a terminal.

Usage: python scripts/show_grades.py GROUP_POTTER_TSV
"""

import sys

import pandas as pd

COLUMNS = ['participant_id', 'session_id', 'potter', 'count_left', 'count_right', 'qc']


def main(path: str) -> None:
    """Print one line for each T2w."""
    table = pd.read_table(path, dtype=str, keep_default_na=False, usecols=COLUMNS)
    print(table[COLUMNS].to_string(index=False))


if __name__ == '__main__':
    main(sys.argv[1])
