"""Texts in the encodings and with the line ends that people's programs write."""

from pathlib import Path

ENCODINGS = {
    'UTF-8 of Notepad, with a mark': ('utf-8-sig', '\r\n'),
    'Unicode Text of Excel': ('utf-16', '\r\n'),
    'UTF-16 without a mark': ('utf-16-le', '\n'),
    'big-endian UTF-16 without a mark': ('utf-16-be', '\n'),
    'Windows-1252': ('cp1252', '\r\n'),
    'Latin-1': ('latin-1', '\n'),
    'line ends of old Macs': ('utf-8', '\r'),
}
"""Encoding and line end by a description of their source."""


def write_as(path: Path, text: str, source: str) -> Path:
    """Write a text as a program does."""
    encoding, line_end = ENCODINGS[source]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.replace('\n', line_end).encode(encoding))
    return path
