"""The rows of the yardstick: what is asked, what VictoriaLogs needed, and the two goals."""

from collections import namedtuple

# `query` may name the needles: {hex_id}, {trace_id}, {remote_addr}. The three last are milliseconds.
Row = namedtuple("Row", "id title log query limit victorialogs least reach")
# Whether less is better is told by the unit: a rate is better when it is more.
Figure = namedtuple("Figure", "id title log key unit victorialogs least reach")

FIGURES = [
    Figure("ingest-access", "ingest access as text, raw MB per server CPU-second", "access", "mb_per_cpu_s", "MB/s", 74, 220, 350),
    Figure("ingest-app", "ingest app JSON, likewise", "app", "mb_per_cpu_s", "MB/s", 44, 132, 200),
    Figure("peak-access", "peak memory during ingest, access", "access", "peak_bytes", "MB", 301, 250, 150),
    Figure("peak-app", "peak memory during ingest, app", "app", "peak_bytes", "MB", 391, 250, 150),
    Figure("stored-access", "stored bytes, access (all indexes in)", "access", "stored_bytes", "MB", 169, 84, 66),
    Figure("stored-app", "stored bytes, app", "app", "stored_bytes", "MB", 149, 105, 95),
]

ROWS = [
    Row("hex-id", "rare hex id in access, rows", "access", "{hex_id}", 100, 4.1, 4, 1),
    Row("trace-id", "trace_id=…, rows", "app", "trace_id={trace_id}", 100, 2.9, 2.9, 1),
    Row("word", "word in 0.3 % of lines (HeadlessChrome), count", "access", "HeadlessChrome | stats count()", None, 572, 20, 2),
    Row("two-fields", "status=500 method=POST, count", "access", "status=500 method=POST | stats count()", None, 37, 3, 0.5),
    Row("newest", "the same, newest 100 rows", "access", "status=500 method=POST", 100, 177, 10, 3),
    Row("address", "one rare remote_addr, rows", "access", "remote_addr={remote_addr}", 100, 202, 10, 2),
    Row("by-status", "group by status", "access", "| stats count() by status", None, 54, 2, 0.1),
    Row("hourly-by-status", "count per hour by status", "access", "| stats count() by bin(1h), status", None, 97, 10, 4),
    Row("top-paths", "top 10 paths", "access", "| stats count() by path | sort -count, path | head 10", None, 1073, 100, 40),
    Row("distinct", "count_distinct(remote_addr), exact", "access", "| stats count_distinct(remote_addr)", None, 210, 10, 1),
    Row("range", "bytes>50000, count", "access", "bytes>50000 | stats count()", None, 32, 6, 2),
    Row("bytes", "sum, avg, exact p99 of bytes", "access", "| stats sum(bytes), avg(bytes), p99(bytes)", None, 196, 40, 15),
    Row("regex-path", "regex with a literal on path, count", "access", r"path=/\/reports\/[0-9]+\/export$/ | stats count()", None, 302, 50, 25),
    Row("regex-text", "regex without a literal over the whole text, count", "access", "/[aeiou]{4}/ | stats count()", None, 1147, 800, 500),
    Row("deadlock", "deadlock in app, count", "app", "deadlock | stats count()", None, 79, 5, 0.5),
    Row("by-service", "avg and p95 of duration_ms by service", "app", "| stats avg(duration_ms), p95(duration_ms) by service", None, 365, 50, 25),
    Row("slow", "duration_ms>200, count", "app", "duration_ms>200 | stats count()", None, 15, 6, 2),
    Row("count", "count all", "access", "| stats count()", None, 0.7, 0.7, 0.3),
    Row("hourly", "count per hour", "access", "| stats count() by bin(1h)", None, 9, 4, 1),
]

# What must read under 1 % of the stored bytes: title, log, query, limit.
SHARES = [
    ("count", "access", "| stats count()", None),
    ("group by status", "access", "| stats count() by status", None),
    ("needle (a word), counted", "access", "{hex_id} | stats count()", None),
    ("needle (a word), rows", "access", "{hex_id}", 100),
    ("needle (a field), rows", "app", "trace_id={trace_id}", 100),
    ("needle (a field), counted", "app", "trace_id={trace_id} | stats count()", None),
]

# Real sets: folder, files, VictoriaLogs, whole-file zstd -3 and -12 (MB), the two goals (MB), ingest of VictoriaLogs (MB per CPU-second).
Set = namedtuple("Set", "name glob victorialogs zstd3 zstd12 least reach rate")
SETS = [
    Set("access-zanbil-100k", "access-zanbil-100k/*", 1.21, 0.95, 0.68, 0.85, 0.68, None),
    Set("cowrie-text", "cowrie-text/*", 3.97, 3.39, 2.71, 2.60, 2.1, 70),
    Set("cowrie-json", "cowrie-json/*", 2.69, 1.94, 1.53, 1.88, 1.5, 60),
    Set("winevents-a", "winevents-a/**/*", 1.96, 1.11, 0.75, 1.37, 0.85, 94),
    Set("zeek-wrccdc, JSON", "zeek-wrccdc/zeek-json/*", 2.61, 2.50, 2.06, 1.80, 1.4, None),
    Set("loghub-2k, 8 systems", "loghub-2k/*/*_2k.log", 0.21, 0.17, 0.14, 0.147, 0.11, None),
]
