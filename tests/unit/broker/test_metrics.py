# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re

from pipeline_guard.broker.metrics import Metrics


def test_counts_and_times_are_rendered_as_prometheus_reads_them() -> None:
    metrics = Metrics()
    for _ in range(3):
        metrics.add("requests_total", 'POST "x"\n\\')
    for seconds in (0.001, 0.3, 99.0):
        metrics.took(seconds)
    text = metrics.render([("leases_open", "Open leases.", 7.0)])
    assert 'pipeline_guard_requests_total{of="POST \\"x\\"\\n\\\\"} 3' in text
    assert "pipeline_guard_leases_open 7" in text
    buckets = [int(count) for count in re.findall(r'seconds_bucket\{le="[^"]+"\} (\d+)', text)]
    assert (buckets[0], buckets[-2], buckets[-1]) == (1, 2, 3)
    assert buckets == sorted(buckets)
    sample = re.compile(r"(#.*|[a-z_]+(\{[a-z]+=\"([^\"\\]|\\.)*\"\})? [0-9.e+]+)")
    assert all(sample.fullmatch(line) for line in text.splitlines())


def test_invented_labels_do_not_fill_the_memory() -> None:
    metrics = Metrics()
    for number in range(5000):
        metrics.add("requests_total", f"label {number}")
    text = metrics.render([])
    assert text.count("requests_total{") <= 1001
    assert 'requests_total{of="other"} 4001' in text
