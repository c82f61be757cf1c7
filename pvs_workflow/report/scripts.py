"""The scripts of a page: embedded, and allowed by their checksums alone."""

import base64
import hashlib
from dataclasses import dataclass

from markupsafe import Markup

from pvs_workflow import data


@dataclass(frozen=True)
class Script:
    """A shipped script as it stands in a page.

    Attributes
    ----------
    text : Markup
        JavaScript, without what would end its element.

    """

    text: Markup

    @property
    def source(self) -> str:
        """What a Content-Security-Policy calls it: its SHA-256.

        Examples
        --------
        >>> Script(Markup('1')).source
        "'sha256-a4ayc/80/OGda4BO/1o/V0etpOqiLx1JwB5S3beHW0s='"

        """
        digest = hashlib.sha256(self.text.encode('utf-8')).digest()
        return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def load_script(*parts: str) -> Script:
    """Read a script that ships in ``data/report``.

    Parameters
    ----------
    *parts : str
        Folder and name.

    Raises
    ------
    ValueError
        If it could not stand inside a page.

    """
    text = data.path('report', *parts).read_text(encoding='utf-8')
    if '</script' in text.lower() or '<!--' in text:
        raise ValueError(f'{parts[-1]} cannot be embedded: it has an end tag or a comment')
    return Script(Markup(text))
