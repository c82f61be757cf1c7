"""Package lists of the container image."""

import re

from packaging.utils import canonicalize_name

ENTRY = re.compile(r'^(\S+)==(\S+)((?: \\\n    --hash=sha256:[0-9a-f]{64})+)$', re.M)


def entries(path):
    """Return the version of each package in a list, by name."""
    return {
        canonicalize_name(name): version for name, version, _ in ENTRY.findall(path.read_text())
    }
