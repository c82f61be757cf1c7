"""Names of processes, and checks of whether they have ended."""

import os
import subprocess
import sys

from pvs_workflow.processes import has_ended, process_name


def test_the_name_of_a_process_shows_whether_it_has_ended():
    words = [
        *(sys.executable, '-c'),
        'from pvs_workflow.processes import process_name\n'
        'print(process_name(), flush=True); input()',
    ]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    name = process.stdout.readline().strip()
    assert has_ended(name) is False
    process.kill()
    process.communicate()
    assert has_ended(name) is True


def test_a_reused_process_id_is_recognised():
    machine, pid, start = process_name().split('-')
    assert has_ended(f'{machine}-{pid}-{int(start) - 1}') is True
    assert has_ended(f'{process_name()}-rest') is False
    assert int(pid) == os.getpid()


def test_the_state_of_processes_on_other_machines_is_unknown():
    assert has_ended('00000000-1-1') is None
    assert has_ended('') is None
