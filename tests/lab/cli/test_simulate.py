import argparse

import pytest

from pvs_workflow.errors import NoInputError, OutputError
from pvs_workflow.lab.cli import simulate


@pytest.fixture
def parser():
    out = argparse.ArgumentParser()
    simulate.add_arguments(out)
    return out


def test_a_folder_with_files_is_refused(tmp_path, parser):
    (tmp_path / 'notes.txt').write_text('keep me')
    args = parser.parse_args([str(tmp_path), '--participants', '1', '--seed', '1'])
    with pytest.raises(OutputError, match='is not empty; choose a new or empty folder'):
        simulate.run(args)
    assert [path.name for path in tmp_path.iterdir()] == ['notes.txt']


def test_a_file_is_refused(tmp_path):
    path = tmp_path / 'notes.txt'
    path.write_text('keep me')
    with pytest.raises(OutputError, match='is a file; choose a new or empty folder'):
        simulate.check_empty(path)


@pytest.mark.parametrize(
    'options',
    [
        ['--participants', '0', '--seed', '1'],
        ['--participants', '2.5', '--seed', '1'],
        ['--participants', '2', '--seed', '-1'],
        ['--participants', '2', '--seed', '1', '--acquisition', 'fast'],
        ['--participants', '2', '--seed', '1', '--contrasts', 'PD'],
        ['--participants', '2'],
    ],
)
def test_invalid_options_print_the_usage(parser, options, capsys):
    with pytest.raises(SystemExit) as stop:
        parser.parse_args(['out', *options])
    assert stop.value.code == 2
    assert 'usage' in capsys.readouterr().err


@pytest.mark.parametrize('option', ['--anatomies', '--backgrounds'])
def test_an_empty_source_is_refused_before_anything_is_written(tmp_path, parser, option):
    (tmp_path / 'source').mkdir()
    out, source = tmp_path / 'out', tmp_path / 'source'
    args = [str(out), '--participants', '1', '--seed', '1', option, str(source)]
    with pytest.raises(NoInputError, match=f'has no {option[2:]}; give') as refused:
        simulate.run(parser.parse_args(args))
    assert '\n' not in str(refused.value)
    assert not out.exists()


@pytest.mark.slow
def test_a_cohort_is_written_and_progress_is_shown(tmp_path, parser, capsys):
    out = tmp_path / 'cohort'
    args = parser.parse_args(
        [str(out), '--participants', '1', '--seed', '3', '--contrasts', 'T2w']
    )
    assert simulate.run(args) == 0
    assert [path.name for path in out.glob('sub-*')] == ['sub-0001']
    assert not list(out.rglob('*T1w*'))
    captured = capsys.readouterr()
    assert 'Simulated 1 of 1 participants' in captured.err
    assert str(out) in captured.out
