"""The queries: each once on a server just started with nothing cached, then warm; all answers of one must be equal."""

import json
import statistics
import time

from .data import fill
from .rows import ROWS, SHARES
from .server import ServerError, drop_caches

WARM_RUNS = 7
SLOW_MS, SLOW_RUNS = 5000, 3  # what is this slow is not asked as often


def message(query, limit, needles):
    """A request of the API."""
    asked = {"query": fill(query, needles)}
    return asked if limit is None else dict(asked, limit=limit)


def answer_of(body):
    """What was found, without how long it took."""
    answer = json.loads(body)
    if "code" in answer or answer.get("end", {}).get("damage"):
        raise ServerError(f"a query failed: {body[:300]!r}")
    return answer.get("records"), answer.get("rows")


def told(records, rows):
    """An answer in a few words."""
    if records is not None:
        return f"{len(records)} records"
    values = [list(value.values())[0] if value else "-" for value in rows[0]["values"]] if rows else []
    return " ".join(map(str, values)) if len(rows or []) == 1 else f"{len(rows or [])} rows"


def ask(connection, request):
    """Milliseconds of wall until the whole answer is here, and the answer."""
    body = json.dumps(request).encode()
    began = time.perf_counter()
    status, answer = connection.send("POST", "/gastrolog.v1.Query/Fetch", "application/json", body)
    took_ms = (time.perf_counter() - began) * 1e3
    if status != 200:
        raise ServerError(f"{request['query']}: answered {status}: {answer[:300]!r}")
    return took_ms, answer


def again(server, request, found):
    """The median, milliseconds, of the same query asked of a server that keeps answers, as it does unless told not to."""
    server.stop()
    server.keeps_answers = True
    server.start()
    connection = server.connect()
    asked = [ask(connection, request) for _ in range(1 + WARM_RUNS)][1:]
    connection.close()
    server.stop()
    server.keeps_answers = False
    server.start()
    if any(answer_of(answer) != found for _, answer in asked):
        raise ServerError(f"{request['query']}: an answer that was kept is another one")
    return round(statistics.median(took_ms for took_ms, _ in asked), 2)


def timed(server, request):
    """One query: the cold first time, the warm median and the CPU of the server, milliseconds, without answers that are kept;
    the median with them; and the answer."""
    server.stop()
    drop_caches(server.store)
    open_s = server.start()
    connection = server.connect()
    cold_ms, first = ask(connection, request)
    runs, cpu_s = SLOW_RUNS if cold_ms > SLOW_MS else WARM_RUNS, server.cpu_s()
    warm = [ask(connection, request) for _ in range(runs)]
    cpu_s = server.cpu_s() - cpu_s
    connection.close()
    found = answer_of(first)
    if any(answer_of(again) != found for _, again in warm):
        raise ServerError(f"{request['query']}: the same query gave different answers")
    return {
        "query": request["query"], "cold_ms": round(cold_ms, 2), "warm_ms": round(statistics.median(t for t, _ in warm), 2),
        "engine_ms": round(int(json.loads(warm[-1][1])["end"]["elapsedNs"]) / 1e6, 2), "start_ms": round(open_s * 1e3, 1),
        "cpu_ms": round(cpu_s * 1e3 / runs, 1), "runs": runs, "found": told(*found), "again_ms": again(server, request, found),
    }, found


def measure(server, row, needles):
    """One row of the yardstick."""
    return timed(server, message(row.query, row.limit, needles))[0]


def all_rows(server, log, needles, say):
    """The rows of one log."""
    figures = {}
    for row in (r for r in ROWS if r.log == log):
        say(f"query: {row.title}")
        figures[row.id] = measure(server, row, needles)
    return figures


def shares(server, log, needles):
    """How much is read for what should need nearly nothing, as `explain --analyze` tells it.

    A server that has answered before reads less, as it keeps decoded columns: each question meets a new one.
    """
    lines = []
    for title, of, query, limit in SHARES:
        if of != log:
            continue
        server.stop()
        server.start()
        connection = server.connect()
        asked = message(query, limit, needles)
        plan = server.call(connection, "Query/Explain", {"query": asked, "analyze": True})["plan"]
        facts = {fact["name"]: fact for fact in plan["facts"]}
        lines.append({
            "title": title, "log": log, "query": asked["query"], "held_bytes": int(facts["bytes held"].get("bytes", 0)),
            "read_bytes": int(facts["bytes read"].get("bytes", 0)), "share": facts["share of bytes held"]["text"],
        })
        connection.close()
    return lines
