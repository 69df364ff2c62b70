"""How cost grows with what is stored: the same questions after 1, 2, 4 and 8 GB, and what grew faster than it may."""

import statistics
import time
from collections import namedtuple

from . import ingest, queries
from .copies import Handed, access_copies
from .server import ServerError, chunk_bytes

PIECE_BYTES = 16 << 20
EXPLAIN_RUNS = 21
OPENINGS = 5

# Times below this more than allowed are noise of the machine and of the network, milliseconds; and what else is.
NOISE_MS = {"again_ms": 0.5, "cold_ms": 5}
TOLERANCE = 1.3

# `free`: reads the whole text, and may grow as it likes.
Asked = namedtuple("Asked", "id title query limit free")
ASKED = [
    Asked("needle", "needle, rows", "{hex_id}", 100, False),
    Asked("needle-count", "needle, count", "{hex_id} | stats count()", None, False),
    Asked("word", "word in 0.3 % of lines, count", "HeadlessChrome | stats count()", None, False),
    Asked("newest", "status=500 method=POST, newest 100 rows", "status=500 method=POST", 100, False),
    Asked("count", "count all", "| stats count()", None, False),
    Asked("by-status", "group by status", "| stats count() by status", None, False),
    Asked("hourly", "count per hour", "| stats count() by bin(1h)", None, False),
    Asked("regex-text", "regex over the whole text, count", "/[aeiou]{4}/ | stats count()", None, True),
]
EXPLAIN, OPEN = "explain", "open"
TITLES = {asked.id: asked.title for asked in ASKED} | {EXPLAIN: "explain of the needle", OPEN: "open the store"}
FREE = {asked.id for asked in ASKED if asked.free}


def scan_of(plan):
    """What a plan says of the chunks: facts of all of them together, and of each run of them that is treated alike."""
    facts = lambda node: {fact["name"]: fact for fact in node.get("facts", [])}  # noqa: E731
    scan = next(node for node in plan["children"] if node["title"] == "scan chunks")
    return facts(scan), [facts(node) for node in scan.get("children", [])]


def count_of(facts, name):
    """A count, 0 where it is not told."""
    return int(facts.get(name, {}).get("count", 0))


def matching(plan):
    """How many row groups a plan could not rule out; a chunk that its footer answers for is one."""
    scan, runs = scan_of(plan)
    return count_of(scan, "answered by footer") + sum(count_of(run, "row groups to read") for run in runs)


def explained(server, request):
    """The plan of a query, and the median of the milliseconds it takes to be told."""
    connection, took_ms = server.connect(), []
    for _ in range(EXPLAIN_RUNS):
        began = time.perf_counter()
        plan = server.call(connection, "Query/Explain", {"query": request})["plan"]
        took_ms.append((time.perf_counter() - began) * 1e3)
    connection.close()
    return plan, statistics.median(took_ms)


def opened_ms(server):
    """The median of the milliseconds from the start of the server until it listens."""
    times = []
    for _ in range(OPENINGS):
        server.stop()
        times.append(server.start() * 1e3)
    return statistics.median(times)


def groups_of(server):
    """Row groups of the store, and chunks."""
    plan, _ = explained(server, {"query": "| stats count() by bin(1h)"})
    scan, runs = scan_of(plan)
    return sum(count_of(run, "row groups") for run in runs), count_of(scan, "chunks")


def at_one_size(server, needles, say):
    """All rows on what is stored now: warm and cold milliseconds, and the row groups that match."""
    groups, chunks = groups_of(server)
    rows = {}
    for asked in ASKED:
        say(f"growth: {asked.title}")
        request = queries.message(asked.query, asked.limit, needles)
        plan, explain_ms = explained(server, request)
        figures, _ = queries.timed(server, request)
        if asked.id == "needle-count" and figures["found"] != "1":
            raise ServerError(f"the needle is there once, {figures['found']} were found")
        rows[asked.id] = {name: figures[name] for name in ("again_ms", "warm_ms", "cold_ms", "cpu_ms", "found")} | {"matching": matching(plan)}
        if asked.id == "needle":
            rows[EXPLAIN] = {"again_ms": round(explain_ms, 2), "matching": groups}
    rows[OPEN] = {"again_ms": round(opened_ms(server), 2), "matching": groups}
    return {"row_groups": groups, "chunks": chunks, "rows": rows}


def measure(server, access, sizes_gb, needles, say):
    """Fills a store up to each size in turn and asks at each."""
    steps, texts, raw_bytes, records = [], access_copies(access), 0, 0
    pieces = Handed(texts, PIECE_BYTES)
    server.start()
    for size_gb in sorted(sizes_gb):
        pieces.bytes_max = int(size_gb * 1e9)
        say(f"growth: ingest until {size_gb:g} GB")
        took = ingest.ingest(server, pieces, "text/plain", records)
        raw_bytes, records = raw_bytes + took["raw_bytes"], records + took["lines"]
        step = at_one_size(server, needles, say)
        step |= {"size_gb": size_gb, "raw_bytes": raw_bytes, "records": records, "stored_bytes": chunk_bytes(server.store),
                 "mb_per_cpu_s": took["mb_per_cpu_s"], "peak_bytes": took["peak_bytes"]}
        steps.append(step)
    return {"steps": steps, "faster": faster(steps)}


def counted(step, name, which):
    """The row groups that a time may grow with: those that match. Of a server just started all, because it reads their filters."""
    return step["row_groups"] if which == "cold_ms" else step["rows"][name]["matching"]


def faster(steps):
    """What grew faster than it may: row, which time, size, how much it grew, how much it might."""
    found, first = [], steps[0]
    for step in steps[1:]:
        for name, now in step["rows"].items():
            then = first["rows"][name]
            for which in (which for which in NOISE_MS if which in now and name not in FREE):
                allowed = max(1.0, counted(step, name, which) / max(counted(first, name, which), 1))
                if now[which] > then[which] * allowed * TOLERANCE + NOISE_MS[which]:
                    found.append({"row": name, "time": which, "size_gb": step["size_gb"], "allowed": round(allowed, 2),
                                  "grew": round(now[which] / max(then[which], 0.01), 2)})
    return found


def rows_of(growth, which, number):
    """The rows of one of the times at each size."""
    steps = growth["steps"]
    for name, title in TITLES.items():
        if which not in steps[0]["rows"][name]:
            continue
        times = [step["rows"][name][which] for step in steps]
        before, after = counted(steps[0], name, which), counted(steps[-1], name, which)
        broke = next((f"FASTER from {f['size_gb']:g} GB" for f in growth["faster"] if (f["row"], f["time"]) == (name, which)), "kept")
        yield [f"{title}, ms", *map(number, times), f"{times[-1] / max(times[0], 0.01):.1f} ×", f"{before:,} → {after:,}",
               f"{max(1.0, after / max(before, 1)):.1f} ×", "free" if name in FREE else broke]


def tables(result, number):
    """The tables of the times at each size."""
    growth = result.get("growth")
    if not growth:
        return []
    steps = growth["steps"]
    sizes = [f"{step['size_gb']:g} GB" for step in steps]
    head = ["row", *sizes, "grew", "row groups that match", "may grow", ""]
    rows = list(rows_of(growth, "again_ms", number))
    rows.append(["ingest, MB per CPU-second", *(number(step["mb_per_cpu_s"]) for step in steps), "", "", "", ""])
    rows.append(["stored, MB", *(number(step["stored_bytes"] / 1e6) for step in steps), "", "", "", ""])
    return [("How cost grows: warm medians after so much of the access log, asked again of a server as it is by default; the last columns compare the largest size to the smallest", head, rows),
            ("The same, asked for the first time of a server just started, files not cached: it reads the filters of all row groups", ["row", *sizes, "grew", "row groups", "may grow", ""], list(rows_of(growth, "cold_ms", number)))]


def notes(result):
    """What grew faster than it may, in words."""
    growth = result.get("growth")
    if not growth:
        return []
    lines = [f"{TITLES[f['row']]}{' (the first time)' if f['time'] == 'cold_ms' else ''} grew {f['grew']} times until {f['size_gb']:g} GB, it may {f['allowed']} times" for f in growth["faster"]]
    return lines or ["Nothing but full-text regexes grew faster than it may."]


def figures(result):
    """Name to (value, more is better, differences that are noise), for a comparison."""
    flat = {}
    for step in result.get("growth", {}).get("steps", []):
        for name, row in step["rows"].items():
            flat[f"growth {name} at {step['size_gb']:g} GB, ms"] = (row["again_ms"], False, NOISE_MS["again_ms"])
        flat[f"growth ingest until {step['size_gb']:g} GB, MB per CPU-second"] = (step["mb_per_cpu_s"], True, 0)
        flat[f"growth stored at {step['size_gb']:g} GB"] = (step["stored_bytes"], False, 0)
    return flat
