"""Environment variables of a run."""

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


def test_the_environment_includes_the_variables_of_the_engines():
    environment = engine_environment(SETTINGS)
    assert environment.items() >= ENVIRONMENT.items()
    assert environment['TF_ENABLE_ONEDNN_OPTS'] == '1'
    assert environment['ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS'] == '1'
    assert (environment['OMP_NUM_THREADS'], environment['OPENBLAS_NUM_THREADS']) == ('3', '3')
    assert all(isinstance(value, str) for value in environment.values())


def test_a_seed_of_zero_is_replaced():
    assert (engine_seed(0), engine_seed(7)) == (1, 7)
    assert engine_environment(SETTINGS)['ANTS_RANDOM_SEED'] == '1'
