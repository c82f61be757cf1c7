import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import pytest

from pvs_workflow import errors
from pvs_workflow.cli.parser import build_parser, parse_args
from pvs_workflow.execution.stopping import EXIT_CODES
from pvs_workflow.settings import RANDOM_SEED, Settings


@pytest.fixture
def parse(tmp_path, monkeypatch):
    """Parse options of the participant level."""
    monkeypatch.chdir(tmp_path)

    def call(*options, level='participant', bids='bids', out='out'):
        return parse_args([bids, out, level, *options])

    return call


def test_defaults(parse, tmp_path):
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
def test_options(parse, options, name, value):
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


def test_every_run_has_its_own_id(parse):
    assert parse().run_id != parse().run_id


@pytest.mark.parametrize(
    ('options', 'said'),
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
def test_nonsense_is_refused(parse, capsys, options, said):
    with pytest.raises(SystemExit) as error:
        parse(*options)
    assert error.value.code == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize('out', ['bids', './bids/', 'bids/out', 'other/../bids', '.'])
def test_raw_data_are_not_written_among(parse, capsys, out):
    with pytest.raises(SystemExit) as error:
        parse(out=out)
    assert error.value.code == 2
    assert 'expected' in capsys.readouterr().err


def test_links_do_not_hide_the_raw_data(parse, tmp_path):
    (tmp_path / 'bids').mkdir()
    (tmp_path / 'link').symlink_to(tmp_path / 'bids')
    with pytest.raises(SystemExit):
        parse(out='link/out')


def test_derivatives_folder_is_fine(parse, tmp_path):
    out = parse(out='bids/derivatives/pvs').output_dir
    assert out == tmp_path / 'bids' / 'derivatives' / 'pvs'


def test_group_options(parse, tmp_path):
    settings = parse('--ratings', 'a.tsv', '/b.tsv', '--ratings', 'c.tsv', level='group')
    assert settings.ratings == (tmp_path / 'a.tsv', Path('/b.tsv'), tmp_path / 'c.tsv')
    assert parse('--reading_sheet', level='group').reading_sheet
    assert parse('--reading-sheet', level='group').ratings == ()


@pytest.mark.parametrize('options', [['--ratings', 'a.tsv'], ['--reading-sheet']])
def test_group_options_are_refused_elsewhere(parse, capsys, options):
    with pytest.raises(SystemExit) as error:
        parse(*options)
    assert error.value.code == 2
    said = capsys.readouterr().err
    assert f'{options[0]} is of the group level' in said


FORMER = Settings(
    bids_dir=Path('/former/bids'),
    output_dir=Path('/former/out'),
    analysis_level='participant',
    run_id='former',
    participant_label=('01', '02'),
    session_label=('a',),
    bids_filter_file=Path('/filters.json'),
    bids_database_dir=Path('/db'),
    skip_bids_validation=True,
    nprocs=3,
    omp_nthreads=2,
    mem_gb=8.5,
    work_dir=Path('/scratch'),
    model=Path('/model'),
    random_seed=7,
    bias_correction=False,
    stop_on_first_crash=True,
    clean_workdir=True,
    write_graph=True,
    resource_monitor=True,
    nipype_plugin_file=Path('/plugin.yml'),
    verbosity=2,
)
OF_ONE_RUN = {'bids_dir', 'output_dir', 'run_id'}


@pytest.fixture
def former(tmp_path):
    FORMER.to_toml(tmp_path / 'former.toml')
    return tmp_path / 'former.toml'


def test_settings_of_a_former_run_are_taken(parse, former, tmp_path):
    settings = parse('--config-file', str(former))
    for field in fields(Settings):
        if field.name not in OF_ONE_RUN:
            assert getattr(settings, field.name) == getattr(FORMER, field.name), field.name
    assert settings.bids_dir == tmp_path / 'bids'
    assert settings.run_id != 'former'


@pytest.mark.parametrize(
    ('options', 'name', 'value'),
    [
        (['--participant-label', '03'], 'participant_label', ('03',)),
        (['--session-label', 'b', 'c'], 'session_label', ('b', 'c')),
        (['--nprocs', '1'], 'nprocs', 1),
        (['--mem', '1G'], 'mem_gb', 1.0),
        (['--random-seed', str(RANDOM_SEED)], 'random_seed', RANDOM_SEED),
        (['-w', '/other'], 'work_dir', Path('/other')),
        (['-v'], 'verbosity', 1),
    ],
)
def test_the_command_line_wins(parse, former, options, name, value):
    for words in ([*options, '--config-file', former], ['--config_file', former, *options]):
        settings = parse(*map(str, words))
        assert getattr(settings, name) == value
        others = {f.name for f in fields(Settings)} - OF_ONE_RUN - {name}
        for other in others:
            assert getattr(settings, other) == getattr(FORMER, other), other


def test_threads_follow_the_processes_unless_they_were_chosen(parse, tmp_path):
    path = tmp_path / 'run.toml'
    replace(FORMER, nprocs=6, omp_nthreads=None).to_toml(path)
    assert parse('--config-file', str(path)).threads == 6
    assert parse('--config-file', str(path), '--nprocs', '2').threads == 2
    assert parse('--nprocs', '64').threads == 8


def test_what_was_done_instead_of_a_run_is_not_taken(parse, tmp_path):
    path = tmp_path / 'run.toml'
    kinds = {'boilerplate_only': True, 'write_slurm': Path('/jobs/a.sh')}
    replace(FORMER, **kinds).to_toml(path)
    settings = parse('--config-file', str(path), '--reports-only')
    assert (settings.boilerplate_only, settings.write_slurm) == (False, None)
    assert settings.reports_only


@pytest.mark.parametrize(
    ('content', 'said'),
    [
        (None, 'cannot be read'),
        ('nprocs = ', 'cannot be read'),
        ('nproc = 2', 'unknown settings nproc'),
        ('nprocs = "2"', 'instead of int'),
        ('nprocs = 0', 'above 0'),
        ('participant_label = ["../x"]', 'letters and digits'),
        ('ratings = ["x.tsv"]', '--ratings is of the group level'),
    ],
)
def test_bad_settings_of_a_former_run(parse, capsys, tmp_path, content, said):
    path = tmp_path / 'run.toml'
    if content is not None:
        path.write_text(content)
    with pytest.raises(SystemExit) as error:
        parse('--config-file', str(path))
    assert error.value.code == 2
    assert said in capsys.readouterr().err


def test_a_few_settings_are_enough(parse, tmp_path):
    path = tmp_path / 'run.toml'
    path.write_text('mem_gb = 4\n')
    settings = parse('--config-file', str(path))
    assert settings == replace(parse(), mem_gb=4.0, run_id=settings.run_id)


def test_a_task_of_an_array_has_two_processes(parse):
    assert parse('--write-slurm', 'a.sh').nprocs == 2


@pytest.mark.parametrize(
    'options', [['--write-slurm', 'a.sh'], ['--boilerplate-only'], ['--reports-only']]
)
def test_participant_options_are_refused_at_group_level(parse, capsys, options):
    with pytest.raises(SystemExit) as error:
        parse(*options, level='group')
    assert error.value.code == 2
    assert f'{options[0]} is of the participant level' in capsys.readouterr().err


def test_group_level_does_not_need_raw_data(parse):
    assert parse(level='group', bids='out').analysis_level == 'group'


@pytest.mark.parametrize('option', ['--help', '--version'])
def test_help_loads_nothing_heavy(option):
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
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == '[]'
    assert 'pvs_workflow' in done.stdout


def test_version():
    done = subprocess.run(
        [sys.executable, '-m', 'pvs_workflow.cli.run', '--version'], capture_output=True, text=True
    )
    assert done.stdout.startswith('pvs_workflow v')


@pytest.mark.parametrize('page', ['errors.md', 'help'])
def test_every_exit_code_is_documented(page, capsys):
    if page == 'help':
        text = build_parser().format_help().replace('  ', ' | ')
    else:
        text = (Path(__file__).parents[2] / 'docs' / page).read_text('utf-8')
    codes = {value for name, value in vars(errors).items() if name.startswith('EXIT_')}
    for code in codes | set(EXIT_CODES.values()):
        assert f'| {code} ' in text, code
