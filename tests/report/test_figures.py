"""The figures of a participant's page are named in one place, and import light."""

import subprocess
import sys

from pvs_workflow.report import figures
from pvs_workflow.report.spec import load_specification


def test_every_name_is_there():
    assert all(callable(getattr(figures, name)) for name in figures.__all__)


def test_every_kind_of_figure_on_the_page_can_be_drawn(drawings):
    on_page = {
        layer.bids['desc']
        for section in load_specification().sections
        for reportlet in section.reportlets
        for layer in reportlet.layers
    }
    drawn = {path.name.split('_')[0].removeprefix('desc-') for path in drawings.iterdir()}
    # All alignments are drawn by one function.
    assert drawn == on_page - {'flairreg', 'templatereg'}


def test_nilearn_is_loaded_only_when_a_head_is_drawn():
    code = (
        'import sys, pvs_workflow.report.figures, pvs_workflow.report.page;'
        'sys.exit("nilearn" in sys.modules or "sklearn" in sys.modules)'
    )
    subprocess.run([sys.executable, '-c', code], check=True)
