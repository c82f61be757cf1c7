"""Converters for the values of options."""

import argparse
from pathlib import Path

import pytest

from pvs_workflow.cli.options import OPTIONS, memory_gb, path_argument


@pytest.mark.parametrize(
    ('text', 'expected'), [('8000', 8.0), ('8G', 8.0), ('8gb', 8.0), (' 1.5 T', 1500.0)]
)
def test_memory_sizes_are_read(text, expected):
    assert memory_gb(text) == expected


@pytest.mark.parametrize('text', ['', '8X', '-1', 'G', '1e3'])
def test_invalid_memory_sizes_are_refused(text):
    message = 'give megabytes, or a number with K, M, G or T'
    with pytest.raises(argparse.ArgumentTypeError, match=message):
        memory_gb(text)


def test_paths_are_absolute_and_tilde_is_expanded(monkeypatch, tmp_path):
    monkeypatch.setenv('HOME', str(tmp_path))
    assert path_argument('~/a') == tmp_path / 'a'
    assert path_argument('a') == Path.cwd() / 'a'


@pytest.mark.parametrize('text', ['', 'a\udcff'])
def test_empty_paths_and_paths_that_are_not_utf8_are_refused(text):
    with pytest.raises((argparse.ArgumentTypeError, ValueError)):
        path_argument(text)


def test_every_option_has_a_unique_name_and_a_help_text():
    options = [option for group in OPTIONS.values() for option in group]
    names = [name for names, _, _ in options for name in names.split()]
    assert len(names) == len(set(names))
    assert all(name == name.lower().replace('_', '-') for name in names)
    assert all(text for _, _, text in options)
