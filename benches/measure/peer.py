"""Another engine beside ours: the same rows, asked of its URL in the same run."""

import json
import statistics
import time
import urllib.parse

from . import replicas
from .data import fill
from .rows import ROWS
from .server import Connection, ServerError

WARM_RUNS = 7


def templates(path):
    """The file of query templates, checked."""
    with open(path, encoding="utf-8") as file:
        asked = json.load(file)
    known = [row.id for row in ROWS] + list(replicas.row_ids())
    for unknown in set(asked) - set(known):
        raise ServerError(f"{path}: there is no row {unknown!r}; there are: {', '.join(known)}")
    return asked


def target(base, template, needles):
    """Path and query of a request: needles put in, values encoded."""
    params = {name: fill(value, needles) for name, value in template.get("params", {}).items()}
    return base.rstrip("/") + template["path"] + ("?" + urllib.parse.urlencode(params) if params else "")


def measure(url, asked, needles, say):
    """The rows that the file names: first time and median of the next seven, milliseconds."""
    parts, figures = urllib.parse.urlsplit(url), {}
    if parts.scheme != "http" or parts.hostname not in ("127.0.0.1", "localhost", "::1"):
        raise ServerError("--peer takes a URL of this machine: http://127.0.0.1:PORT")
    connection = Connection(parts.hostname, parts.port or 80)
    for name, template in asked.items():
        say(f"peer: {name}")
        times, bodies = [], []
        for _ in range(WARM_RUNS + 1):
            began = time.perf_counter()
            status, body = connection.send("GET", target(parts.path, template, needles))
            times.append((time.perf_counter() - began) * 1e3)
            bodies.append(body)
            if status != 200:
                raise ServerError(f"peer: {name}: answered {status}: {body[:300]!r}")
        figures[name] = {
            "first_ms": round(times[0], 2), "warm_ms": round(statistics.median(times[1:]), 2),
            "answer_bytes": len(bodies[-1]), "answer": bodies[-1][:80].decode("utf-8", "replace").strip(),
        }
    connection.close()
    return figures
