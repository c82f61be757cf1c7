import sys

from benchmarks import resources


def test_memory_time_and_exit_code_are_measured(tmp_path):
    words = 'import time; x = bytearray(300 * 2**20); time.sleep(0.8); print(len(x)); exit(3)'
    cost = resources.measure([sys.executable, '-c', words], log=tmp_path / 'log.txt')
    assert cost['exit_code'] == 3
    assert cost['wall_s'] >= 0.8
    assert 0.28 < cost['peak_memory_gb'] < 0.6
    assert (tmp_path / 'log.txt').read_text().strip() == str(300 * 2**20)
    code = 'import os; exit(os.environ["HOW_MANY"] != "2")'
    assert resources.measure([sys.executable, '-c', code], {'HOW_MANY': '2'})['exit_code'] == 0
