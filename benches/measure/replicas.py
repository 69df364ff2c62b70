"""Real logs copied to a gigabyte each: what they take, how fast they are asked, and whether the answers are right.

An answer over N copies must be N times what a shell command finds in one. The kinds of answers:

    count    one number                                   N times the number that the command prints
    rows     records, cut at the limit                    likewise
    groups   a key and its count a row                    N times each count of `uniq -c`, the same keys
    top      likewise, sorted and cut                     N times the counts, in their order (ties may differ)
    hours    a time and its count a row                   each count of `uniq -c` N times
"""

import collections
import glob
import os
import subprocess
import tempfile
import threading

from . import ingest, queries, server
from .copies import Dates, Handed, Replicas
from .replica_sets import REPLICAS
from .server import ServerError

PIECE_BYTES = 16 << 20
COMMAND_SECONDS_MAX = 300
NOISE_MS = 0.3


def unpacked(files):
    """The bytes of all files, each with a line end at its end."""
    text = b""
    for path in files:
        part = subprocess.run(["zstd", "-dcqf", path], stdout=subprocess.PIPE, check=True, timeout=COMMAND_SECONDS_MAX).stdout
        text += part if part.endswith(b"\n") else part + b"\n"
    return text


class Kept:
    """Pieces that are also written to a file, for whoever wants to fill another engine with them."""

    def __init__(self, pieces, path):
        self.pieces, self.lock, self.file = pieces, threading.Lock(), open(path, "wb") if path else None

    def next(self):
        """The next piece; empty at the end."""
        with self.lock:
            piece = self.pieces.next()
            if self.file:
                self.file.write(piece)
            return piece

    def close(self):
        """Nothing is to be written any more."""
        if self.file:
            self.file.close()


def values(row):
    """The values of a row, as texts."""
    return [str(next(iter(value.values()), "")) for value in row["values"]]


def expected(command, folder):
    """What a command finds in one copy: a list of count and key."""
    done = subprocess.run(["sh", "-c", command], cwd=folder, capture_output=True, timeout=COMMAND_SECONDS_MAX, env=dict(os.environ, LC_ALL="C.UTF-8"))
    if done.returncode not in (0, 1) or done.stderr:
        raise ServerError(f"{command}: {done.stderr[-300:].decode('utf-8', 'replace')}")
    lines = (line.strip().partition(" ") for line in done.stdout.decode("utf-8", "replace").splitlines())
    return [(int(count), key) for count, _, key in lines if count]


def wrong(asked, found, told, copies):
    """What is wrong with an answer, or nothing. A question that finds nothing shows nothing, and is wrong too."""
    records, rows = found
    counts = [count * copies for count, _ in told]
    if sum(counts) == 0:
        return "the command finds nothing"
    if asked.kind in ("count", "rows"):
        want = min(counts[0], asked.limit or counts[0])
        got = len(records) if asked.kind == "rows" else int(values(rows[0])[0])
    elif asked.kind == "groups":
        want, got = {key: count * copies for count, key in told}, {v[0]: int(v[-1]) for v in map(values, rows)}
    elif asked.kind == "top":
        want, got = counts, [int(values(row)[-1]) for row in rows]
    else:
        want = collections.Counter({count: 0 for count, _ in told})
        for count, _ in told:
            want[count] += copies
        got = collections.Counter(int(values(row)[-1]) for row in rows)
    return None if want == got else f"{str(want)[:200]} is right, {str(got)[:200]} was answered"


def measure_one(args, replica, files, tmp, say):
    """One set: copied, stored, asked, checked."""
    one, text = os.path.join(tmp, "one"), unpacked(files)
    with open(one, "wb") as out:
        out.write(text)
    copies = max(1, round(args.replica_mb * 1e6 / len(text)))
    made = Replicas(text, Dates(*replica.dates), copies)
    pieces = Kept(Handed(made.texts(), PIECE_BYTES), os.path.join(args.keep, replica.name + ".log") if args.keep else None)
    running = server.Server(args.bin, os.path.join(tmp, "store"))
    running.start()
    try:
        say(f"replica: {replica.name}, {copies} copies of {len(text) / 1e6:,.1f} MB")
        figures = {"copies": copies, "one_bytes": len(text)}
        figures |= ingest.ingest(running, pieces, replica.content_type)
        figures |= {"queries": {}, "wrong": []}
        for asked in replica.asked:
            say(f"query: {asked.title}")
            took, found = queries.timed(running, queries.message(asked.query, asked.limit, {}))
            problem = wrong(asked, found, expected(asked.command, tmp), copies)
            figures["queries"][asked.id] = took | {"right": problem is None}
            if problem:
                figures["wrong"].append(f"{replica.name}, {asked.title}: {problem}")
                say(f"WRONG: {figures['wrong'][-1]}")
    finally:
        pieces.close()
        running.stop()
    return figures


def measure(args, tmp, say):
    """All sets that are there."""
    figures = {}
    for replica in REPLICAS:
        files = sorted(f for f in glob.glob(os.path.join(args.sets, replica.glob)) if os.path.isfile(f))
        if not files:
            say(f"replica: {replica.name} is not in {args.sets}")
            continue
        with tempfile.TemporaryDirectory(prefix="yardstick-", dir=tmp) as folder:
            figures[replica.name] = measure_one(args, replica, files, folder, say)
    return figures


def row_ids():
    """The names by which a peer may be asked the same: SET/QUESTION."""
    return {f"{replica.name}/{asked.id}": asked for replica in REPLICAS for asked in replica.asked}


def found_in(told):
    """How many records or rows were found; of one row the last value, which is the count."""
    return told if told.endswith((" records", " rows")) else told.split()[-1]


def tables(result, number):
    """What they take, and the queries."""
    got, peer = result.get("replicas", {}), result.get("peer", {})
    if not got:
        return []
    stored = [[name, f"{part['copies']} × {number(part['one_bytes'] / 1e6)}", number(part["raw_bytes"] / 1e6), f"{part['lines']:,}", number(part["stored_bytes"] / 1e6),
               number(part["mb_per_cpu_s"]), number(part["peak_bytes"] / 1e6)] for name, part in got.items()]
    head = ["set", "query", "ours", "CPU", "cold", "answer"] + (["peer here"] if peer else []) + ["is it right"]
    rows = []
    for name, asked in row_ids().items():
        took = got.get(name.split("/")[0], {}).get("queries", {}).get(asked.id)
        if took:
            beside = [number(peer.get(name, {}).get("warm_ms"))] if peer else []
            rows.append([name.split("/")[0], asked.title, number(took["warm_ms"]), number(took["cpu_ms"]), number(took["cold_ms"]),
                         found_in(took["found"]), *beside, "right" if took["right"] else "WRONG"])
    return [("Real sets, copied: what they take", ["set", "copies, MB each", "raw MB", "lines", "stored MB", "MB per CPU-second", "peak MB"], stored),
            ("Real sets, copied: queries, ms (warm median; CPU; cold)", head, rows)]


def notes(result):
    """What was answered wrongly."""
    parts = result.get("replicas", {})
    lines = [line for part in parts.values() for line in part["wrong"]]
    return lines or (["Every answer is that of the shell command over one copy, times the number of copies."] if parts else [])


def figures(result):
    """Name to (value, more is better, differences that are noise), for a comparison."""
    flat = {}
    for name, part in result.get("replicas", {}).items():
        size = f"{name}, {part['copies']} copies"
        flat[f"stored {size}"] = (part["stored_bytes"], False, 0)
        flat[f"ingest {size}, MB per CPU-second"] = (part["mb_per_cpu_s"], True, 0)
        for query, took in part["queries"].items():
            flat[f"query {size}, {query}, ms"] = (took["warm_ms"], False, NOISE_MS)
    return flat
