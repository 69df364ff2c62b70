"""Ingest: a log posted in pieces over two connections until all of it is acknowledged, then sealed."""

import json
import os
import threading
import time

from .server import ServerError, chunk_bytes

PIECE_BYTES = 16 << 20
CONNECTIONS = 2
RETRIES_MAX = 120
AWAY = (429, 503)


class Pieces:
    """Pieces of a file that end at line ends, handed to several threads."""

    def __init__(self, path):
        self.file, self.lock = open(path, "rb"), threading.Lock()

    def next(self):
        """The next piece; empty at the end."""
        with self.lock:
            piece = self.file.read(PIECE_BYTES)
            return piece + self.file.readline() if piece else b""


class Totals:
    """What was acknowledged, and what went wrong."""

    def __init__(self):
        self.stored, self.lines, self.errors, self.lock = 0, 0, [], threading.Lock()


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
            lines, stored = piece.count(b"\n"), post(connection, piece, content_type)
            with totals.lock:
                totals.lines, totals.stored = totals.lines + lines, totals.stored + stored
        connection.close()
    except (OSError, ServerError, ValueError) as error:
        totals.errors.append(error)


def ingest(server, path, content_type):
    """Posts a file, seals, and says what it cost. CPU counts until the server is at rest after the seal."""
    pieces, totals = Pieces(path), Totals()
    raw, cpu_s, began = os.path.getsize(path), server.cpu_s(), time.monotonic()
    threads = [threading.Thread(target=post_all, args=(server, pieces, content_type, totals)) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pieces.file.close()
    if totals.errors:
        raise ServerError(f"ingest: {totals.errors[0]}")
    wall_s, acknowledged_cpu_s = time.monotonic() - began, server.cpu_s() - cpu_s
    connection = server.connect()
    server.call(connection, "Lifecycle/Seal", {})
    sealed_s = time.monotonic() - began
    server.settle()
    cpu_s = server.cpu_s() - cpu_s
    count = server.call(connection, "Query/Fetch", {"query": "| stats count()"})["rows"][0]["values"][0]["integer"]
    connection.close()
    if not int(count) == totals.stored == totals.lines:
        raise ServerError(f"{totals.lines} lines were sent, {totals.stored} acknowledged, {count} are counted")
    return {
        "raw_bytes": raw, "lines": totals.lines, "wall_s": round(wall_s, 2), "sealed_wall_s": round(sealed_s, 2),
        "cpu_s": round(cpu_s, 2), "acknowledged_cpu_s": round(acknowledged_cpu_s, 2),
        "mb_per_cpu_s": round(raw / 1e6 / max(cpu_s, 0.01), 1), "peak_bytes": server.peak_bytes(),
        "stored_bytes": chunk_bytes(server.store),
    }
