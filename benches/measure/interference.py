"""Ingest and queries beside each other: what each does to the other, as latencies and rates."""

import statistics
import threading
import time

from . import ingest, queries
from .copies import ACCESS_DAYS, Handed, access_copies
from .server import ServerError

PIECE_BYTES = 1 << 20  # small enough for the log, and for many acknowledgements a second
PACE_S = 0.05  # a query begins at least this long after the one before, where they are paced
NOISE_MS = 5.0  # of a 99th percentile

# Those with bounds read what was stored before only, so that more data does not make them slower; `newest` reads what comes in.
BOUNDS = "start=2026-11-10 end=2026-11-12"
ASKED = {
    "needle": ("needle, rows", "{hex_id} " + BOUNDS, 100),
    "by-status": ("group by status", BOUNDS + " | stats count() by status", None),
    "hourly": ("count per hour by status", BOUNDS + " | stats count() by bin(1h), status", None),
    "newest": ("status=500 method=POST, newest 100 rows", "status=500 method=POST", 100),
}
ALONE, PACED, FULL = "alone", "paced", "full"


def quantile(values, share):
    """The value below which that share of them lies; of sorted or unsorted, never between two."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def summary(values):
    """Median, 99th percentile, worst and number."""
    return {"p50_ms": round(statistics.median(values), 2), "p99_ms": round(quantile(values, 0.99), 2),
            "max_ms": round(max(values), 2), "count": len(values)} if values else None


class Asking:
    """Asks the queries in turn over a connection of its own, for as long as it is told."""

    def __init__(self, server, needles, pace_s):
        self.server, self.pace_s, self.errors = server, pace_s, []
        self.requests = {name: queries.message(query, limit, needles) for name, (_, query, limit) in ASKED.items()}
        self.times_ms, self.answers = {name: [] for name in ASKED}, {}

    def run(self, until):
        """Asks until that time."""
        try:
            connection = self.server.connect()
            while time.monotonic() < until:
                for name, request in self.requests.items():
                    began = time.monotonic()
                    took_ms, body = queries.ask(connection, request)
                    self.times_ms[name].append(took_ms)
                    self.compare(name, queries.answer_of(body))
                    time.sleep(max(0.0, self.pace_s - (time.monotonic() - began)))
            connection.close()
        except (OSError, ServerError, ValueError) as error:
            self.errors.append(error)

    def compare(self, name, answer):
        """What has bounds must be answered the same each time, whatever comes in."""
        if name != "newest" and self.answers.setdefault(name, answer) != answer:
            raise ServerError(f"{name}: another answer while records came in")


def phase(server, needles, pieces, pace_s, seconds):
    """One phase: queries at a pace or not at all, ingest from pieces or none. What each of them saw, and the records stored."""
    asking, totals = Asking(server, needles, pace_s or 0.0), ingest.Totals()
    began, cpu_s = time.monotonic(), server.cpu_s()
    threads = ingest.begin(server, pieces, "text/plain", totals) if pieces else []
    if pace_s is not None:
        asker = threading.Thread(target=asking.run, args=(began + seconds,))
        asker.start()
        asker.join()
    else:
        time.sleep(seconds)
    if pieces:
        pieces.stop()
    for thread in threads:
        thread.join()
    wall_s, cpu_s = time.monotonic() - began, server.cpu_s() - cpu_s
    totals.check()
    if asking.errors:
        raise ServerError(f"interference: {asking.errors[0]}")
    told = {"seconds": round(wall_s, 2), "cpu_s": round(cpu_s, 2),
            "queries": {name: summary(times) for name, times in asking.times_ms.items() if times}}
    if pieces:
        told["ingest"] = {"mb_per_s": round(totals.raw_bytes / 1e6 / wall_s, 1), "ack": summary(totals.ack_ms), "records": totals.stored}
    return told, totals.stored


def measure(server, access, needles, seconds, say):
    """Queries alone, ingest alone, both with paced queries, both with queries one after the other."""
    server.start()
    say("interference: filling the store")
    with open(access, "rb") as file:
        records = ingest.ingest(server, ingest.Pieces(file), "text/plain")["lines"]
    result = {"piece_bytes": PIECE_BYTES, "connections": ingest.CONNECTIONS, "pace_ms": PACE_S * 1e3, "phases": {}}
    plan = [("queries", False, PACE_S), ("ingest", True, None), (PACED, True, PACE_S), (FULL, True, 0.0)]
    phase(server, needles, None, 0.0, 1.0)  # so that the caches are as warm for the first as for the others
    for copy, (name, ingests, pace_s) in enumerate(plan, 1):
        say(f"interference: {name}")
        pieces = Handed(access_copies(access, 10 * copy // ACCESS_DAYS), PIECE_BYTES) if ingests else None
        result["phases"][name], stored = phase(server, needles, pieces, pace_s, seconds)
        records += stored
        server.settle()
    if ingest.counted(server) != records:
        raise ServerError(f"{records} records were acknowledged, {ingest.counted(server)} are counted")
    return result


def tables(result, number):
    """Two tables: what queries saw, what those who send saw."""
    got = result.get("interference")
    if not got:
        return []
    phases, rows = got["phases"], []
    for name, (title, _, _) in ASKED.items():
        cells = [phases[p]["queries"].get(name) for p in ("queries", PACED, FULL)]
        rows.append([title, *(f"{number(c['p50_ms'])} · {number(c['p99_ms'])} · {number(c['max_ms'])}" for c in cells), f"{cells[1]['count']:,}"])
    asked = ("Queries, ms (median · 99th percentile · worst)", ["query", "no ingest", f"full ingest, a query every {got['pace_ms']:g} ms",
             "full ingest, queries without a pause", "asked"], rows)
    names = {"ingest": "no queries", PACED: f"a query every {got['pace_ms']:g} ms", FULL: "queries without a pause"}
    rows = []
    for name, title in names.items():
        part = phases[name]["ingest"]
        ack = part["ack"]
        rows.append([title, number(part["mb_per_s"]), number(ack["p50_ms"]), number(ack["p99_ms"]), number(ack["max_ms"]), f"{ack['count']:,}",
                     number(phases[name]["cpu_s"])])
    sent = (f"Ingest over {got['connections']} connections, posts of {got['piece_bytes'] >> 20} MiB, each acknowledged when it is synced",
            ["beside it", "MB/s", "acknowledged after, median ms", "99th percentile", "worst", "posts", "CPU-seconds of the server"], rows)
    return [asked, sent]


def figures(result):
    """Name to (value, more is better, differences that are noise), for a comparison."""
    flat = {}
    for phase_name, part in result.get("interference", {}).get("phases", {}).items():
        for name, times in part["queries"].items():
            flat[f"interference {phase_name}, {name}, median, ms"] = (times["p50_ms"], False, 0.5)
            flat[f"interference {phase_name}, {name}, p99, ms"] = (times["p99_ms"], False, NOISE_MS)
        if "ingest" in part:
            flat[f"interference {phase_name}, ingest, MB per second"] = (part["ingest"]["mb_per_s"], True, 0)
            flat[f"interference {phase_name}, acknowledged p99, ms"] = (part["ingest"]["ack"]["p99_ms"], False, NOISE_MS)
    return flat
