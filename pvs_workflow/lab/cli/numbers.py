"""Numbers on the command line of ``pvs_cascade``."""

import argparse
from collections.abc import Callable


def whole(smallest: int) -> Callable[[str], int]:
    """Return what reads a whole number from ``smallest`` to 2³² − 1, as seeds may be."""

    def read(text: str) -> int:
        if not text.isdecimal() or not smallest <= int(text) < 2**32:
            raise argparse.ArgumentTypeError(
                f'expected a whole number from {smallest} to 2³²−1, received {text}'
            )
        return int(text)

    return read
