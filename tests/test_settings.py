from dataclasses import FrozenInstanceError, fields, replace
from pathlib import Path

import pytest

from pvs_workflow.errors import OutputError, PVSError
from pvs_workflow.settings import Settings, load_settings

FULL = Settings(
    bids_dir=Path('/data/bids "quoted"'),
    output_dir=Path('/data/ä'),
    analysis_level='participant',
    run_id='20240712-120000_x',
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
    ratings=(Path('/ratings of Ä.tsv'), Path('/b.tsv')),
    reading_sheet=True,
    boilerplate_only=True,
    reports_only=True,
    write_slurm=Path('/jobs/pvs.sh'),
    verbosity=2,
)
SPARSE = Settings(bids_dir=Path('in'), output_dir=Path('out'), analysis_level='group', run_id='r')


@pytest.mark.parametrize('settings', [FULL, SPARSE, replace(SPARSE, mem_gb=4.0)])
def test_settings_are_the_same_after_writing_and_reading(settings, tmp_path):
    settings.to_toml(tmp_path / 'logs' / 'run.toml')
    again = Settings(**load_settings(tmp_path / 'logs' / 'run.toml'))
    assert again == settings
    assert [type(getattr(again, f.name)) for f in fields(again)] == [
        type(getattr(settings, f.name)) for f in fields(settings)
    ]


def test_the_full_example_changes_every_setting():
    same = [f.name for f in fields(FULL) if getattr(FULL, f.name) == getattr(SPARSE, f.name)]
    assert same == []


def test_settings_are_frozen():
    with pytest.raises(FrozenInstanceError):
        FULL.nprocs = 1


def test_memory_may_be_a_whole_number(tmp_path):
    path = tmp_path / 'run.toml'
    replace(SPARSE, mem_gb=8.0).to_toml(path)
    path.write_text(path.read_text().replace('8.0', '8'))
    assert load_settings(path)['mem_gb'] == 8.0


@pytest.mark.parametrize(
    ('old', 'new', 'message'),
    [
        ('nprocs = 1', 'nprocs = "1"', "'1' is not of type int"),
        ('nprocs = 1', 'nprocs = true', 'True is not of type int'),
        ('nprocs = 1', 'n_procs = 1', 'unknown settings n_procs'),
        ('nprocs = 1', 'nprocs = ', 'cannot be read as a settings file'),
        ('participant_label = []', 'participant_label = [1]', '1 is not of type str'),
    ],
)
def test_a_damaged_file_is_named(old, new, message, tmp_path):
    path = tmp_path / 'run.toml'
    SPARSE.to_toml(path)
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(PVSError) as error:
        load_settings(path)
    assert str(path) in str(error.value)
    assert message in str(error.value)
    assert '\n' not in str(error.value)


@pytest.mark.parametrize(
    ('name', 'value'),
    [
        ('nprocs', 0),
        ('omp_nthreads', 0),
        ('mem_gb', 0.0),
        ('mem_gb', float('nan')),
        ('mem_gb', float('inf')),
        ('random_seed', -1),
        ('random_seed', 2**31),
        ('participant_label', ('../x',)),
        ('session_label', ('',)),
    ],
)
def test_values_out_of_range_are_refused(name, value):
    with pytest.raises(PVSError, match=f'{name} must be '):
        replace(SPARSE, **{name: value})


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(PVSError, match='nowhere'):
        load_settings(tmp_path / 'nowhere.toml')


def test_an_unwritable_folder_is_reported(tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(OutputError, match='cannot write'):
        SPARSE.to_toml(tmp_path / 'file' / 'run.toml')
