"""Paths of test resources that are not in the repository."""

import os
import sys
from pathlib import Path

# Real scans, next to the repository or in the folder PVS_REAL_DATA.
REAL = Path(
    os.environ.get('PVS_REAL_DATA') or Path(__file__).parents[2] / 'shared' / 'data' / 'ljubljana'
)

# The BIDS validator of this Python environment, even if the environment is not activated.
VALIDATOR = Path(sys.executable).with_name('bids-validator-deno')
