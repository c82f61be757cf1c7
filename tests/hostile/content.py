"""Contents that text readers cannot use, and a maker of files."""

from collections.abc import Callable
from pathlib import Path

BINARY = bytes(range(256)) * 40
DEEP = '[' * 200_000


def file_maker(name: str, content: str | bytes) -> Callable[[Path], None]:
    """Return a function that writes a file to a folder."""

    def make(folder: Path) -> None:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    return make
