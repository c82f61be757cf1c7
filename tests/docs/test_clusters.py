"""The commands and files on the page on clusters."""

import re
import shlex

from pvs_workflow.cli.job_array import write_slurm
from pvs_workflow.cli.parser import parse_args
from tests.builders.docs import DOCS

PAGE = (DOCS / 'clusters.md').read_text('utf-8')


def test_the_command_for_a_job_array_is_valid():
    (line,) = re.findall(r'^pvs_workflow (.*--write-slurm.*)$', PAGE, re.M)
    settings = parse_args(shlex.split(line))
    assert settings.write_slurm.name == 'pvs.sh'
    assert settings.analysis_level == 'participant'


def test_the_page_names_the_files_that_are_written(make_dataset, tmp_path):
    bids = make_dataset('sub-01_T2w.nii.gz')
    words = [bids, tmp_path / 'out', 'participant', '--write-slurm', tmp_path / 'pvs.sh']
    settings = parse_args(list(map(str, words)))
    write_slurm(settings, ['01'])
    script = settings.write_slurm.read_text()
    for name in ('pvs_participants.txt', 'pvs.toml', 'pvs_done'):
        assert (tmp_path / name).exists()
        assert f'`{name}' in PAGE
    assert re.search(r'^command=\(', script, re.M)
    defaults = re.search(r'^#SBATCH --cpus-per-task=(\d+)\n#SBATCH --mem=(\d+)M', script, re.M)
    assert f'| {defaults[1]} |' in PAGE
    assert round(int(defaults[2]) * 2**20 / 1e9, 1) == 4.2
    assert '| 3.7 GB, limit 4.2 GB |' in PAGE
    assert re.search(r'--mem (\d+) ', script)[1] == '3700'


def test_arguments_in_containers_are_those_of_the_app():
    text = PAGE.replace('\\\n', ' ')
    commands = re.findall(
        r'^(?:docker|podman|apptainer) run .* pvs_workflow(?:\.sif)? (/in .*)$', text, re.M
    )
    assert len(commands) == 4
    levels = [parse_args(shlex.split(command)).analysis_level for command in commands]
    assert sorted(levels) == ['group', *['participant'] * 3]
