"""One environment for all engines, whatever the shell has set."""

from pathlib import Path

from pvs_workflow.execution.environment import engine_environment, engine_seed
from pvs_workflow.networks.engine import ENVIRONMENT
from pvs_workflow.settings import Settings

SETTINGS = Settings(
    bids_dir=Path('in'),
    output_dir=Path('out'),
    analysis_level='participant',
    run_id='run',
    random_seed=0,
    nprocs=3,
)


def test_the_environment_is_what_the_engines_set_themselves():
    found = engine_environment(SETTINGS)
    assert found.items() >= ENVIRONMENT.items()
    assert found['TF_ENABLE_ONEDNN_OPTS'] == '1'
    assert found['ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS'] == '1'
    assert (found['OMP_NUM_THREADS'], found['OPENBLAS_NUM_THREADS']) == ('3', '3')
    assert all(isinstance(value, str) for value in found.values())


def test_no_seed_is_the_time_of_day():
    assert (engine_seed(0), engine_seed(7)) == (1, 7)
    assert engine_environment(SETTINGS)['ANTS_RANDOM_SEED'] == '1'
