"""The order in which ready steps are started."""

from dataclasses import dataclass

import networkx as nx

from pvs_workflow.execution.plugin import work_order


@dataclass(frozen=True)
class Step:
    fullname: str


def steps(scan, *names):
    return [Step(f'pvs_wf.{scan}.{name}') for name in names]


def test_what_most_wait_for_goes_first():
    short, long, middle, last = steps('sub_01_wf', 'short', 'long', 'inner_wf.middle', 'last')
    graph = nx.DiGraph([(short, last), (long, middle), (middle, last)])
    nodes = [short, long, middle, last]
    order = dict(zip(nodes, work_order(graph, nodes), strict=True))
    assert sorted(nodes, key=order.get) == [long, short, middle, last]


def test_an_earlier_scan_goes_before_a_longer_one():
    (only,), (first, second) = steps('sub_02_wf', 'only'), steps('sub_01_wf', 'first', 'second')
    graph = nx.DiGraph([(first, second)])
    graph.add_node(only)
    nodes = [only, first, second]
    order = dict(zip(nodes, work_order(graph, nodes), strict=True))
    assert sorted(nodes, key=order.get) == [only, first, second]
