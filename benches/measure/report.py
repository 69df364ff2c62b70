"""The table: ours beside the goals and VictoriaLogs, for people, as Markdown, and against a run before."""

from . import growth, interference, replicas
from .machine import GREP_THEN_S, ZSTD_THEN_S
from .rows import FIGURES, ROWS, SETS

SLOWER = 1.15  # what counts as worse than before
QUIET_SHARE = 0.1  # above it others disturb the times
NOISE_MS = 0.2  # differences below this are nothing


def number(value):
    """A figure with as many digits as mean something."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}".rstrip("0").rstrip(".")


def figure_of(result, figure):
    """The value of a figure in its unit, or nothing."""
    part = result.get("ingest", {}).get(figure.log)
    if part is None:
        return None
    return part[figure.key] if figure.unit == "MB/s" else part[figure.key] / 1e6


def verdict(value, least, reach, more=False):
    """How a value stands to the two goals."""
    if value is None:
        return ""
    better = (lambda a, b: a >= b) if more else (lambda a, b: a <= b)
    return "reached" if better(value, reach) else "met" if better(value, least) else "MISSED"


def slowness(result):
    """How much longer the machine took for the same work than when the goals were set: by zstd's user time."""
    took = result.get("drift", {}).get("zstd_user_s")
    return took / (ZSTD_THEN_S * result["scale"]) if took else 1


def figure_rows(result):
    """The rows of ingest and sizes: title, value, scaled, three that only queries have, VictoriaLogs, goals, verdict."""
    for f in FIGURES:
        value, scale = figure_of(result, f), result["scale"] if f.key == "stored_bytes" else 1
        least, reach, peer = f.least * scale, f.reach * scale, f.victorialogs * scale
        if value is not None:
            is_rate = f.unit == "MB/s"
            scaled = value * slowness(result) if is_rate else None
            yield f"{f.title}, {f.unit}", value, scaled, None, None, None, peer, least, reach, verdict(scaled if is_rate else value, least, reach, is_rate)


def query_rows(result):
    """The rows of queries, likewise, with server CPU, the cold time, and that of an answer that is kept."""
    for r in ROWS:
        got = result.get("queries", {}).get(r.id)
        if got is not None:
            scaled = got["warm_ms"] / slowness(result)
            yield f"{r.title}, ms", got["warm_ms"], scaled, got["cpu_ms"], got["cold_ms"], got["again_ms"], r.victorialogs, r.least, r.reach, verdict(scaled, r.least, r.reach)


def set_rows(result):
    """The rows of the real sets."""
    for s in SETS:
        got = result.get("sets", {}).get(s.name)
        if got is not None:
            stored = got["stored_bytes"] / 1e6
            yield [s.name, number(got["raw_bytes"] / 1e6), f"{stored:.4f}" if stored < 0.2 else f"{stored:.3f}", f"{s.victorialogs:.2f}", f"{s.zstd3:.2f} · {s.zstd12:.2f}",
                   f"{s.least:.3g}", f"{s.reach:.3g}", verdict(stored, s.least, s.reach), number(got["mb_per_cpu_s"]), number(s.rate)]


SET_HEAD = ["set", "raw MB", "ours MB", "VictoriaLogs", "zstd -3 · -12", "at least", "reach for", "", "ours MB/CPU-s", "VictoriaLogs"]


def main_table(result):
    """Head and rows of the first table."""
    peer = result.get("peer", {})
    head = ["row", "ours", "scaled", "CPU", "cold", "again", "VictoriaLogs", "at least", "reach for", ""] + (["peer here"] if peer else [])
    titles = {f"{r.title}, ms": r.id for r in ROWS}
    rows = []
    for title, *values, word in [*figure_rows(result), *query_rows(result)]:
        beside = [number(peer.get(titles.get(title), {}).get("warm_ms"))] if peer else []
        rows.append([title, *map(number, values), word, *beside])
    return head, rows


def share_table(result):
    """Head and rows of what is read."""
    rows = [[s["title"], s["log"], s["query"], f"{s['held_bytes']:,}", f"{s['read_bytes']:,}", s["share"]] for s in result.get("shares", [])]
    return ["question", "log", "query", "bytes held", "bytes read", "share"], rows


def figure_tables(result):
    """The tables of logs and sets that have rows, with their captions."""
    parts = [
        ("Rates, sizes and times (warm median of 7 over the API; scaled: as on the machine of the goals, by zstd's user time then and now, which is what is judged; CPU: of the server, a warm query; cold: the first query of a server just started, files not cached; all three without answers that are kept; again: with them, as by default)", *main_table(result)),
        ("What `explain --analyze` says was read, by a server just started", *share_table(result)),
        ("Real sets, sealed, all indexes in", SET_HEAD, list(set_rows(result))),
    ]
    return [part for part in parts if part[2]]


def blocks(result):
    """What was measured: name of the block in the document, its tables, the lines below them."""
    parts = [
        ("figures", figure_tables(result), misses(result)),
        ("replicas", replicas.tables(result, number), replicas.notes(result)),
        ("growth", growth.tables(result, number), growth.notes(result)),
        ("interference", interference.tables(result, number), []),
    ]
    return [part for part in parts if part[1]]


def conditions(result):
    """The lines above the tables: where, when, with what."""
    m, d = result["machine"], result["drift"]
    lines = [f"{result['date']}, {m['description']}", f"{result['version']}, commit {result['commit']}"]
    for log, part in result.get("ingest", {}).items():
        lines.append(f"{log}: {part['lines']:,} lines, {part['raw_bytes'] / 1e6:,.1f} MB, {part['wall_s']} s until acknowledged, {part['sealed_wall_s']} s until sealed, {part['cpu_s']} CPU-seconds")
    lines.append(f"seed {result['seed']}, scale {result['scale']:g}; other processes took {m['others_share']:.0%} of the machine meanwhile")
    if d:
        scale = result["scale"]
        lines.append(f"zstd -3 of access.log {d['zstd_user_s']} s user (then {ZSTD_THEN_S * scale:.2f}), grep -c HeadlessChrome {d['grep_user_s']} s user (then {GREP_THEN_S * scale:.2f}), {d['grep_lines']:,} lines")
    return lines


def text(result):
    """Everything, for a terminal."""
    out = conditions(result)
    for _, tables, notes in blocks(result):
        for caption, head, rows in tables:
            widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
            out += ["", caption, ""]
            out += ["  ".join(c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths))).rstrip() for row in [head, *rows]]
        out += ["", *notes] if notes else []
    return "\n".join(out)


def markdown(result):
    """Everything, for docs/performance.md: the text of each block by its name."""
    told = {}
    for name, tables, notes in blocks(result):
        out = ["", *(f"- {line}" for line in conditions(result))]
        for caption, head, rows in tables:
            out += ["", f"**{caption}**", "", "| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
            out += ["| " + " | ".join(c.replace("|", "\\|") for c in row) + " |" for row in rows]
        told[name] = "\n".join(out + (["", *notes] if notes else []) + [""])
    return told


def misses(result):
    """Which goals are not met."""
    rows = [*figure_rows(result), *query_rows(result)]
    missed = [f"{title} ({number(value)}, scaled {number(scaled)}, against {number(least)})" for title, value, scaled, *_, least, _, word in rows if word == "MISSED"]
    missed += [f"{r[0]} ({r[2]} MB against {r[5]})" for r in set_rows(result) if r[7] == "MISSED"]
    if not missed:
        return ["Every row measured meets its \"at least\"."]
    return [f"{len(missed)} rows miss their \"at least\":", "", *(f"- {line}" for line in missed)]


def figures(result):
    """All figures as name to (value, more is better, differences that are noise)."""
    flat = {}
    for log, part in result.get("ingest", {}).items():
        flat[f"ingest {log}, MB per CPU-second"] = (part["mb_per_cpu_s"], True, 0)
        flat[f"peak memory {log}"] = (part["peak_bytes"], False, 0)
        flat[f"stored {log}"] = (part["stored_bytes"], False, 0)
    for name, part in result.get("queries", {}).items():
        flat[f"query {name}, ms"] = (part["warm_ms"], False, NOISE_MS)
    for name, part in result.get("sets", {}).items():
        flat[f"stored {name}"] = (part["stored_bytes"], False, 0)
        flat[f"ingest {name}, MB per CPU-second"] = (part["mb_per_cpu_s"], True, 0)
    return flat | replicas.figures(result) | growth.figures(result) | interference.figures(result)


def compare(result, before):
    """What is worse than in a run before by more than 15 %; times and rates scaled by how fast `zstd` ran in each.

    The lines to print, and whether anything is.
    """
    new, old = result["drift"].get("zstd_user_s"), before["drift"].get("zstd_user_s")
    slow = new / old if new and old and result["scale"] == before["scale"] else 1.0
    out = [f"Against {before['date']}, commit {before['commit']} (the machine is {slow:.2f} times as slow as then):"]
    busy, busy_then = result["machine"]["others_share"], before["machine"]["others_share"]
    if max(busy, busy_then) > QUIET_SHARE:
        out.append(f"  beware: other processes took {busy:.0%} of the machine, {busy_then:.0%} then; times of wall mean little")
    if result["scale"] != before["scale"]:
        out.append("  not the same scale: nothing here can be compared")
    then = figures(before)
    for name, (value, more, noise) in figures(result).items():
        if name not in then:
            continue
        was, speed = then[name][0], slow if "ms" in name or "second" in name else 1.0
        worse = was / max(value * speed, 1e-9) if more else value / max(was * speed, 1e-9)
        if worse > SLOWER and (more or value - was > noise):
            out.append(f"  worse by {worse - 1:.0%}: {name}: {number(was)} then, {number(value)} now")
    worse = any("worse by" in line for line in out)
    return "\n".join(out if worse else [*out, "  nothing is worse by more than 15 %"]), worse
