"""Tables that explain the values of label images."""

from pathlib import Path

from pvs_workflow.files import write_text
from pvs_workflow.science.roi import STRUCTURES

_SIDES = {'L': 'left', 'R': 'right'}

LOOKUPS = {
    'roi': {1: 'left basal ganglia', 2: 'right basal ganglia'},
    'structures': {s.index: f'{_SIDES[s.hemisphere]} {s.name}' for s in STRUCTURES},
}
"""Names by value, for each label image that needs them."""


def write_lookup(which: str, target: Path) -> None:
    """Write the TSV that explains a label image's values.

    Parameters
    ----------
    which : {'roi', 'structures'}
    target : Path

    """
    rows = ['index\tname', *(f'{value}\t{name}' for value, name in LOOKUPS[which].items())]
    write_text(target, '\n'.join(rows) + '\n')
