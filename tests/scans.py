"""Where the real scans are: beside the repository, or where PVS_REAL_DATA says."""

import os
from pathlib import Path

REAL = Path(
    os.environ.get('PVS_REAL_DATA', Path(__file__).parents[2] / 'shared' / 'data' / 'ljubljana')
)
