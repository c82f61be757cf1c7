"""Contents that no reader of text can use, and how they get into a dataset."""

from collections.abc import Callable
from pathlib import Path

BINARY = bytes(range(256)) * 40
DEEP = '[' * 200_000


def file_maker(name: str, content: str | bytes) -> Callable[[Path], None]:
    def make(bids: Path) -> None:
        path = bids / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    return make
