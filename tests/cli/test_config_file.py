"""Settings of a former run (``--config-file``), and what the command line adds."""

from dataclasses import fields, replace
from pathlib import Path

import pytest

from pvs_workflow.settings import RANDOM_SEED, Settings

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
