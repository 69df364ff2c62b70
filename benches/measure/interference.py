"""Ingest and queries beside each other: what each does to the other, as latencies and rates."""

import multiprocessing
import statistics
import time

from . import ingest, queries
from .copies import Handed, access_copies
from .server import ServerError

PIECE_BYTES = 1 << 20  # small enough for the log, and for many acknowledgements a second
PACE_S = 0.02  # a query begins at least this long after the one before, where they are paced
NOISE_MS = 5.0  # of a 99th percentile
COPIES_APART = 100  # between the copies of two phases: more than any posts
END_SECONDS_MAX = 120

# Those with bounds read what was stored before only, so that more data does not make them slower; `newest` reads what comes in.
BOUNDS = "start=2026-11-10 end=2026-11-12"
ASKED = {
    "needle": ("needle, rows", "{hex_id} " + BOUNDS, 100),
    "by-status": ("group by status", BOUNDS + " | stats count() by status", None),
    "hourly": ("count per hour by status", BOUNDS + " | stats count() by bin(1h), status", None),
    "newest": ("status=500 method=POST, newest 100 rows", "status=500 method=POST", 100),
}
PACED, FULL = "paced", "full"


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
            # Those who send are to be stopped first.
            self.errors.append(error)

    def compare(self, name, answer):
        """What has bounds must be answered the same each time, whatever comes in."""
        if name != "newest" and self.answers.setdefault(name, answer) != answer:
            raise ServerError(f"{name}: another answer while records came in")


class Sending:
    """Posts without a pause, in a process of its own so that it takes no time of those who ask here."""

    def __init__(self, server, access, first_copy):
        context = multiprocessing.get_context("fork")
        self.stop, (self.told, tells) = context.Event(), context.Pipe(duplex=False)
        self.process = context.Process(target=send, args=(server, access, first_copy, self.stop, tells), daemon=True)
        self.process.start()
        tells.close()

    def end(self):
        """Stops when what is under way is acknowledged: bytes, records, the milliseconds of each acknowledgement."""
        self.stop.set()
        if not self.told.poll(END_SECONDS_MAX):
            raise ServerError("interference: what was posted last was not acknowledged")
        told = self.told.recv()
        self.process.join()
        if isinstance(told, str):
            raise ServerError(told)
        return told


def send(server, access, first_copy, stop, tells):
    """What the process does: posts copies of the access log that are later than all before."""
    pieces, totals = Handed(access_copies(access, first_copy, PIECE_BYTES), PIECE_BYTES), ingest.Totals()
    threads = ingest.begin(server, pieces, "text/plain", totals)
    stop.wait()
    pieces.stop()
    for thread in threads:
        thread.join()
    tells.send(f"ingest: {totals.errors[0]}" if totals.errors else (totals.raw_bytes, totals.stored, totals.ack_ms))


def phase(server, needles, sending, pace_s, seconds):
    """One phase: queries at a pace or not at all, with ingest or without. What each of them saw, and the records stored."""
    asking = Asking(server, needles, pace_s or 0.0)
    began, cpu_s = time.monotonic(), server.cpu_s()
    if pace_s is None:
        time.sleep(seconds)
    else:
        asking.run(began + seconds)
    raw_bytes, records, acks_ms = sending.end() if sending else (0, 0, [])
    wall_s, cpu_s = time.monotonic() - began, server.cpu_s() - cpu_s
    if asking.errors:
        raise ServerError(f"interference: {asking.errors[0]}")
    told = {"seconds": round(wall_s, 2), "cpu_s": round(cpu_s, 2),
            "queries": {name: summary(times) for name, times in asking.times_ms.items() if times}}
    if sending:
        told["ingest"] = {"mb_per_s": round(raw_bytes / 1e6 / wall_s, 1), "ack": summary(acks_ms), "records": records}
    return told, records


def measure(server, access, needles, seconds, say):
    """Queries alone, ingest alone, both with paced queries, both with queries one after the other."""
    server.start()
    say("interference: filling the store")
    records = ingest.file(server, access, "text/plain")["lines"]
    result = {"piece_bytes": PIECE_BYTES, "connections": ingest.CONNECTIONS, "pace_ms": PACE_S * 1e3, "phases": {}}
    plan = [("queries", False, PACE_S), ("ingest", True, None), (PACED, True, PACE_S), (FULL, True, 0.0)]
    phase(server, needles, None, 0.0, 1.0)  # so that the caches are as warm for the first as for the others
    for number, (name, ingests, pace_s) in enumerate(plan):
        say(f"interference: {name}")
        sending = Sending(server, access, 1 + COPIES_APART * number) if ingests else None
        result["phases"][name], stored = phase(server, needles, sending, pace_s, seconds)
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
