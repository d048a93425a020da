"""What the rounds of a comparison become: windows, ratios, percentiles."""

from __future__ import annotations

from array import array

import pytest

from tests.performance.measuring import SERVER_CPU, Ratio, Window, percentile, ratio, summarise
from tests.performance.team import Report


def window(rate: float, server_cpu: float = 1.0) -> Window:
    return Window(rate, rate, 1.0, server_cpu, 1.0, 1.0, 1.0)


def test_a_window_is_what_all_clients_did_together() -> None:
    reports = [
        Report(array("d", [3.0, 1.0]), seconds=4.0, cpu_seconds=1.0),
        Report(array("d", [2.0, 9.0]), seconds=2.0, cpu_seconds=3.0),
    ]

    found = summarise(reports, server_cpu=8.0, operations_per_call=1)

    assert found == Window(
        rate=2 / 4 + 2 / 2,
        least_rate=2 / 4 * 2,
        client_cpu=1.0,
        server_cpu=2.0,
        typical=3.0,
        slow=9.0,
        longest=9.0,
    )


def test_a_call_that_is_many_operations_counts_as_many() -> None:
    report = Report(array("d", [1.0, 1.0]), seconds=2.0, cpu_seconds=1.0)

    found = summarise([report], server_cpu=1.0, operations_per_call=100)

    assert (found.rate, found.client_cpu, found.server_cpu) == (100.0, 1 / 200, 1 / 200)
    assert found.typical == 1.0  # of a call


def test_a_ratio_is_the_median_of_the_ratios_within_a_round() -> None:
    ours, theirs = [window(2), window(30), window(8)], [window(1), window(10), window(8)]

    assert ratio(ours, theirs) == Ratio(median=2.0, least=1.0, most=3.0)


def test_a_ratio_can_be_of_another_figure() -> None:
    assert ratio([window(1, server_cpu=6.0)], [window(1, server_cpu=4.0)], SERVER_CPU).median == 1.5


def test_rounds_are_compared_only_if_both_had_them() -> None:
    with pytest.raises(ValueError, match="zip"):
        ratio([window(1)], [window(1), window(1)])


def test_a_percentile_is_one_of_the_values() -> None:
    values = list(range(1, 101))

    assert [percentile(values, part) for part in (0.0, 0.5, 0.99, 1.0)] == [1, 51, 100, 100]
    assert percentile([7.0], 0.99) == 7.0
