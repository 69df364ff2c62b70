"""Ingest: a log posted in pieces over two connections until all of it is acknowledged, then sealed."""

import json
import threading
import time

from .server import ServerError, chunk_bytes

PIECE_BYTES = 16 << 20
CONNECTIONS = 2
RETRIES_MAX = 120
AWAY = (429, 503)


class Pieces:
    """Pieces of a file that end at line ends, handed to several threads."""

    def __init__(self, file):
        self.file, self.lock = file, threading.Lock()

    def next(self):
        """The next piece; empty at the end."""
        with self.lock:
            piece = self.file.read(PIECE_BYTES)
            return piece + self.file.readline() if piece else b""


class Totals:
    """What was acknowledged, how long each acknowledgement took, and what went wrong."""

    def __init__(self):
        self.stored, self.lines, self.raw_bytes, self.errors, self.lock = 0, 0, 0, [], threading.Lock()
        self.ack_ms = []

    def add(self, piece, stored, ack_ms):
        """Counts an acknowledged piece."""
        lines = piece.count(b"\n") + (not piece.endswith(b"\n"))
        with self.lock:
            self.lines, self.stored, self.raw_bytes = self.lines + lines, self.stored + stored, self.raw_bytes + len(piece)
            self.ack_ms.append(ack_ms)

    def check(self):
        """Raises what went wrong in a thread."""
        if self.errors:
            raise ServerError(f"ingest: {self.errors[0]}")


def post(connection, piece, content_type):
    """Posts one piece until it is acknowledged: how many records were stored."""
    for _ in range(RETRIES_MAX):
        status, body = connection.send("POST", "/ingest", content_type, piece)
        if status == 200:
            answer = json.loads(body)
            if answer["refused"]:
                raise ServerError(f"refused: {answer['refused'][:3]}")
            return answer["stored"]
        if status not in AWAY:
            raise ServerError(f"/ingest answered {status}: {body[:300]!r}")
        time.sleep(1)
    raise ServerError("/ingest was away for too long")


def post_all(server, pieces, content_type, totals):
    """What one connection does."""
    try:
        connection = server.connect()
        while not totals.errors and (piece := pieces.next()):
            began = time.perf_counter()
            stored = post(connection, piece, content_type)
            totals.add(piece, stored, (time.perf_counter() - began) * 1e3)
        connection.close()
    except (OSError, ServerError, ValueError) as error:
        totals.errors.append(error)


def begin(server, pieces, content_type, totals):
    """Starts the connections that post until there are no more pieces; the threads to wait for."""
    threads = [threading.Thread(target=post_all, args=(server, pieces, content_type, totals)) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    return threads


def counted(server):
    """How many records the server counts."""
    connection = server.connect()
    rows = server.call(connection, "Query/Fetch", {"query": "| stats count()"})["rows"]
    connection.close()
    return int(rows[0]["values"][0]["integer"])


def file(server, path, content_type):
    """Posts a file, seals, and says what it cost."""
    with open(path, "rb") as opened:
        return ingest(server, Pieces(opened), content_type)


def ingest(server, pieces, content_type, before=0):
    """Posts pieces to a store of `before` records, seals, and says what it cost. CPU counts until the server is at rest."""
    totals, cpu_s, began = Totals(), server.cpu_s(), time.monotonic()
    for thread in begin(server, pieces, content_type, totals):
        thread.join()
    totals.check()
    wall_s, acknowledged_cpu_s = time.monotonic() - began, server.cpu_s() - cpu_s
    connection = server.connect()
    server.call(connection, "Lifecycle/Seal", {})
    sealed_s = time.monotonic() - began
    connection.close()
    server.settle()
    cpu_s, count = server.cpu_s() - cpu_s, counted(server) - before
    if not count == totals.stored == totals.lines:
        raise ServerError(f"{totals.lines} lines were sent, {totals.stored} acknowledged, {count} are counted")
    raw = totals.raw_bytes
    return {
        "raw_bytes": raw, "lines": totals.lines, "wall_s": round(wall_s, 2), "sealed_wall_s": round(sealed_s, 2),
        "cpu_s": round(cpu_s, 2), "acknowledged_cpu_s": round(acknowledged_cpu_s, 2),
        "mb_per_cpu_s": round(raw / 1e6 / max(cpu_s, 0.01), 1), "peak_bytes": server.peak_bytes(),
        "stored_bytes": chunk_bytes(server.store),
    }
