"""Settings of an earlier run (``--config-file``), combined with the command line."""

from dataclasses import fields, replace
from pathlib import Path

import pytest

from pvs_workflow.settings import RANDOM_SEED, Settings

EARLIER = Settings(
    bids_dir=Path('/earlier/bids'),
    output_dir=Path('/earlier/out'),
    analysis_level='participant',
    run_id='earlier',
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
NOT_REUSED = {'bids_dir', 'output_dir', 'run_id'}


@pytest.fixture
def earlier(tmp_path):
    EARLIER.to_toml(tmp_path / 'earlier.toml')
    return tmp_path / 'earlier.toml'


def test_settings_of_an_earlier_run_are_used(parse, earlier, tmp_path):
    settings = parse('--config-file', str(earlier))
    for field in fields(Settings):
        if field.name not in NOT_REUSED:
            assert getattr(settings, field.name) == getattr(EARLIER, field.name), field.name
    assert settings.bids_dir == tmp_path / 'bids'
    assert settings.run_id != 'earlier'


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
def test_the_command_line_takes_precedence(parse, earlier, options, name, value):
    for words in ([*options, '--config-file', earlier], ['--config_file', earlier, *options]):
        settings = parse(*map(str, words))
        assert getattr(settings, name) == value
        others = {f.name for f in fields(Settings)} - NOT_REUSED - {name}
        for other in others:
            assert getattr(settings, other) == getattr(EARLIER, other), other


def test_threads_default_to_the_number_of_processes(parse, tmp_path):
    path = tmp_path / 'run.toml'
    replace(EARLIER, nprocs=6, omp_nthreads=None).to_toml(path)
    assert parse('--config-file', str(path)).threads == 6
    assert parse('--config-file', str(path), '--nprocs', '2').threads == 2
    assert parse('--nprocs', '64').threads == 8


def test_actions_instead_of_processing_are_not_reused(parse, tmp_path):
    path = tmp_path / 'run.toml'
    actions = {'boilerplate_only': True, 'write_slurm': Path('/jobs/a.sh')}
    replace(EARLIER, **actions).to_toml(path)
    settings = parse('--config-file', str(path), '--reports-only')
    assert (settings.boilerplate_only, settings.write_slurm) == (False, None)
    assert settings.reports_only


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (None, 'cannot be read'),
        ('nprocs = ', 'cannot be read'),
        ('nproc = 2', 'unknown settings nproc'),
        ('nprocs = "2"', 'is not of type int'),
        ('nprocs = 0', 'above 0'),
        ('participant_label = ["../x"]', 'letters and digits'),
        ('ratings = ["x.tsv"]', '--ratings is available only at the group level'),
    ],
)
def test_invalid_settings_of_an_earlier_run_are_refused(parse, capsys, tmp_path, content, message):
    path = tmp_path / 'run.toml'
    if content is not None:
        path.write_text(content)
    with pytest.raises(SystemExit) as error:
        parse('--config-file', str(path))
    assert error.value.code == 2
    assert message in capsys.readouterr().err


def test_a_file_need_not_contain_all_settings(parse, tmp_path):
    path = tmp_path / 'run.toml'
    path.write_text('mem_gb = 4\n')
    settings = parse('--config-file', str(path))
    assert settings == replace(parse(), mem_gb=4.0, run_id=settings.run_id)
