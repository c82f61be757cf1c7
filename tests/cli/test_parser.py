import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from pvs_workflow import errors
from pvs_workflow.cli.parser import build_parser
from pvs_workflow.execution.stopping import EXIT_CODES
from pvs_workflow.settings import RANDOM_SEED, Settings


def test_default_settings(parse, tmp_path):
    settings = parse()
    assert settings.bids_dir == tmp_path / 'bids'
    assert settings.output_dir == tmp_path / 'out'
    assert settings.work_dir == tmp_path / 'work'
    assert settings.random_seed == RANDOM_SEED == 20240712
    assert settings.nprocs >= 1
    assert settings.model is None
    assert settings.bias_correction
    different = {'bids_dir', 'output_dir', 'work_dir', 'run_id', 'nprocs'}
    bare = Settings(bids_dir=Path(), output_dir=Path(), analysis_level='participant', run_id='any')
    for field in fields(Settings):
        if field.name not in different:
            assert getattr(settings, field.name) == getattr(bare, field.name), field.name


@pytest.mark.parametrize(
    ('options', 'name', 'value'),
    [
        (['--participant-label', '01', 'sub-02'], 'participant_label', ('01', '02')),
        (['--participant_label', '01', '--participant-label', '02'], 'participant_label', None),
        (['--session-label', 'ses-1', '1', '2'], 'session_label', ('1', '2')),
        (['--session_label', '1', '2'], 'session_label', ('1', '2')),
        (['--skip-bids-validation'], 'skip_bids_validation', True),
        (['--skip_bids_validation'], 'skip_bids_validation', True),
        (['--nprocs', '3'], 'nprocs', 3),
        (['--n-cpus', '3'], 'nprocs', 3),
        (['--n_cpus', '3'], 'nprocs', 3),
        (['--nthreads', '3'], 'nprocs', 3),
        (['--omp-nthreads', '2'], 'omp_nthreads', 2),
        (['--omp_nthreads', '2'], 'omp_nthreads', 2),
        (['--mem', '8000'], 'mem_gb', 8.0),
        (['--mem', '8G'], 'mem_gb', 8.0),
        (['--mem', '8gb'], 'mem_gb', 8.0),
        (['--mem', '7500000K'], 'mem_gb', 7.5),
        (['--mem', '0.5T'], 'mem_gb', 500.0),
        (['--random-seed', '0'], 'random_seed', 0),
        (['--random_seed', '5'], 'random_seed', 5),
        (['--stop-on-first-crash'], 'stop_on_first_crash', True),
        (['--clean-workdir'], 'clean_workdir', True),
        (['--write-graph'], 'write_graph', True),
        (['--resource-monitor'], 'resource_monitor', True),
        (['--resource_monitor'], 'resource_monitor', True),
        (['--boilerplate-only'], 'boilerplate_only', True),
        (['--boilerplate_only'], 'boilerplate_only', True),
        (['--reports-only'], 'reports_only', True),
        (['--reports_only'], 'reports_only', True),
        (['--no-bias-correction'], 'bias_correction', False),
        (['-v'], 'verbosity', 1),
        (['-vv'], 'verbosity', 2),
    ],
)
def test_options_become_settings(parse, options, name, value):
    value = ('01', '02') if value is None else value
    assert getattr(parse(*options), name) == value


@pytest.mark.parametrize(
    ('option', 'name'),
    [
        ('-w', 'work_dir'),
        ('--work-dir', 'work_dir'),
        ('--work_dir', 'work_dir'),
        ('--model', 'model'),
        ('--write-slurm', 'write_slurm'),
        ('--nipype-plugin-file', 'nipype_plugin_file'),
        ('--write_slurm', 'write_slurm'),
        ('--bids-filter-file', 'bids_filter_file'),
        ('--bids_database_dir', 'bids_database_dir'),
    ],
)
def test_paths_are_absolute(parse, tmp_path, option, name):
    assert getattr(parse(option, 'some/where'), name) == tmp_path / 'some' / 'where'


def test_every_run_has_a_unique_id(parse):
    assert parse().run_id != parse().run_id


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (['--nprocs', '0'], 'nprocs must be a whole number above 0, received 0'),
        (['--nprocs', 'many'], 'invalid int'),
        (['--omp-nthreads', '-1'], 'above 0'),
        (['--mem', '8X'], 'K, M, G or T'),
        (['--mem', '0'], 'above 0'),
        (['--random-seed', '-1'], 'from 0 to 2147483647'),
        (['--random-seed', '2147483648'], 'from 0 to 2147483647'),
        (['--participant-label', '0 1'], 'letters and digits'),
        (['--participant-label', ''], 'letters and digits'),
        (['--unknown'], 'unrecognized'),
        (['-w', 'bids/work'], 'inside bids_dir'),
    ],
)
def test_invalid_options_are_refused(parse, capsys, options, message):
    with pytest.raises(SystemExit) as error:
        parse(*options)
    assert error.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize('out', ['bids', './bids/', 'bids/out', 'other/../bids', '.'])
def test_output_folders_in_raw_data_are_refused(parse, capsys, out):
    with pytest.raises(SystemExit) as error:
        parse(out=out)
    assert error.value.code == 2
    assert 'choose another one, such as' in capsys.readouterr().err


def test_links_to_raw_data_are_followed(parse, tmp_path):
    (tmp_path / 'bids').mkdir()
    (tmp_path / 'link').symlink_to(tmp_path / 'bids')
    with pytest.raises(SystemExit):
        parse(out='link/out')


def test_output_in_the_derivatives_folder_is_allowed(parse, tmp_path):
    out = parse(out='bids/derivatives/pvs').output_dir
    assert out == tmp_path / 'bids' / 'derivatives' / 'pvs'


def test_options_of_the_group_level(parse, tmp_path):
    settings = parse('--ratings', 'a.tsv', '/b.tsv', '--ratings', 'c.tsv', level='group')
    assert settings.ratings == (tmp_path / 'a.tsv', Path('/b.tsv'), tmp_path / 'c.tsv')
    assert parse('--reading_sheet', level='group').reading_sheet
    assert parse('--reading-sheet', level='group').ratings == ()


@pytest.mark.parametrize('options', [['--ratings', 'a.tsv'], ['--reading-sheet']])
def test_group_options_are_refused_at_participant_level(parse, capsys, options):
    with pytest.raises(SystemExit) as error:
        parse(*options)
    assert error.value.code == 2
    message = capsys.readouterr().err
    assert f'{options[0]} is available only at the group level' in message


def test_a_job_array_task_has_two_processes_by_default(parse):
    assert parse('--write-slurm', 'a.sh').nprocs == 2


@pytest.mark.parametrize(
    'options', [['--write-slurm', 'a.sh'], ['--boilerplate-only'], ['--reports-only']]
)
def test_participant_options_are_refused_at_group_level(parse, capsys, options):
    with pytest.raises(SystemExit) as error:
        parse(*options, level='group')
    assert error.value.code == 2
    assert f'{options[0]} is available only at the participant level' in capsys.readouterr().err


def test_the_group_level_accepts_the_output_folder_as_bids_dir(parse):
    assert parse(level='group', bids='out').analysis_level == 'group'


@pytest.mark.parametrize('option', ['--help', '--version'])
def test_help_does_not_import_heavy_packages(option):
    code = (
        'import sys\n'
        'from pvs_workflow.cli.run import main\n'
        'try:\n'
        f'    main([{option!r}])\n'
        'except SystemExit as end:\n'
        '    assert end.code == 0\n'
        'heavy = {"tensorflow", "keras", "ants", "nipype", "pandas", "numpy", "bids", "rich"}\n'
        'print(sorted(heavy & set(sys.modules)), file=sys.stderr)\n'
    )
    process = subprocess.run(
        [sys.executable, '-c', code], capture_output=True, text=True, check=True
    )
    assert process.stderr.strip() == '[]'
    assert 'pvs_workflow' in process.stdout


def test_version_is_printed():
    process = subprocess.run(
        [sys.executable, '-m', 'pvs_workflow.cli.run', '--version'], capture_output=True, text=True
    )
    assert process.stdout.startswith('pvs_workflow v')


@pytest.mark.parametrize('page', ['errors.md', 'help'])
def test_every_exit_code_is_documented(page, capsys):
    if page == 'help':
        text = build_parser().format_help().replace('  ', ' | ')
    else:
        text = (Path(__file__).parents[2] / 'docs' / page).read_text('utf-8')
    codes = {value for name, value in vars(errors).items() if name.startswith('EXIT_')}
    for code in codes | set(EXIT_CODES.values()):
        assert f'| {code} ' in text, code
