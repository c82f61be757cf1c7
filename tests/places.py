"""Where the tests find what is not in the repository."""

import os
import sys
from pathlib import Path

# Beside the repository, or where PVS_REAL_DATA says.
REAL = Path(
    os.environ.get('PVS_REAL_DATA') or Path(__file__).parents[2] / 'shared' / 'data' / 'ljubljana'
)

# The real validator, of the same environment whether that is activated or not.
VALIDATOR = Path(sys.executable).with_name('bids-validator-deno')
