import subprocess
import sys

from pvs_workflow.lab.evaluation.filters import METHODS as FILTERS
from pvs_workflow.lab.evaluation.methods import DEEP, METHODS, TITLES


def test_every_filter_has_a_title_and_the_network_comes_last():
    assert (*FILTERS, DEEP) == METHODS
    assert all(TITLES.values())
    assert len(set(TITLES.values())) == len(TITLES)


def test_names_are_known_without_image_libraries():
    """The command line lists them in ``--help``."""
    code = (
        'import sys, pvs_workflow.lab.evaluation.methods; '
        'assert not {"numpy", "scipy", "skimage"} & set(sys.modules)'
    )
    subprocess.run([sys.executable, '-c', code], check=True)
