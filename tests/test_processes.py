"""Whether a process has ended can be told by its name."""

import os
import subprocess
import sys

from pvs_workflow.processes import has_ended, own_name


def test_a_process_is_known_by_its_name():
    words = [
        *(sys.executable, '-c'),
        'from pvs_workflow.processes import own_name; print(own_name(), flush=True); input()',
    ]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    name = process.stdout.readline().strip()
    assert has_ended(name) is False
    process.kill()
    process.communicate()
    assert has_ended(name) is True


def test_a_number_that_was_given_to_another_process_does_not_deceive():
    place, pid, start = own_name().split('-')
    assert has_ended(f'{place}-{pid}-{int(start) - 1}') is True
    assert has_ended(f'{own_name()}-rest') is False
    assert int(pid) == os.getpid()


def test_nothing_is_known_of_other_machines():
    assert has_ended('00000000-1-1') is None
    assert has_ended('') is None
