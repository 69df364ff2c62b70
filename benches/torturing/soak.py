"""A long run at half the maximum rate with queries beside it: counters add up, memory stays, no descriptor is lost."""

import os
import random
import socket
import sys
import threading
import time

from measure.server import ServerError

from .rows import Row
from .sender import Good
from .serve import Serve

SECTION = "soak"
# Many chunks; those of a third of the run are kept, so that the store grows for as long and then stays as large as it is.
CONFIG = '[stores.default]\nseal_bytes = "128MiB"\nretention_age = "{}s"\n'
LINES = 1000
SAMPLE_S = 1.0
TELL_S = 300
QUERIES = (
    "level=info | stats count() by sender",
    "took=7ms | head 10",
    "n>1000 sender=http0 | stats max(n)",
    "* | stats count() by bin(1m)",
    "* | patterns",
    "sender=tail | sort -n | head 5",
)


class Paced(Good):
    """A sender over HTTP that keeps to a rate."""

    def __init__(self, server, name, bytes_per_s):
        super().__init__(server, name, lines=LINES)
        self.bytes_per_s, self.began = bytes_per_s, time.monotonic()

    def pause(self):
        self.halt.wait(max(0.0, self.bytes / self.bytes_per_s - (time.monotonic() - self.began)))


class Lines(threading.Thread):
    """Writes lines to a socket or a file, at a rate."""

    def __init__(self, name, write, per_s):
        super().__init__(daemon=True)
        self.label, self.write, self.per_s, self.sent, self.halt = name, write, per_s, 0, threading.Event()

    def run(self):
        began = time.monotonic()
        while not self.halt.wait(0.05):
            due = int((time.monotonic() - began) * self.per_s) - self.sent
            text = "".join(f"<13>level=info sender={self.label} n={self.sent + n} took=7ms\n" for n in range(max(0, due)))
            self.write(text.encode())
            self.sent += max(0, due)


class Asking(threading.Thread):
    """Asks one query after the other."""

    def __init__(self, server, seed):
        super().__init__(daemon=True)
        self.server, self.dice, self.answered, self.wrong, self.halt = server, random.Random(seed), 0, [], threading.Event()

    def run(self):
        while not self.halt.wait(0.2):
            query = self.dice.choice(QUERIES)
            try:
                end = self.server.call("Query/Fetch", {"query": query, "limit": "1000"}).get("end", {})
                if end.get("damage"):
                    raise ServerError(f"{query}: {end['damage']}")
                self.answered += 1
            except (OSError, ServerError, ValueError) as error:
                self.wrong.append(f"{query}: {error}")


def slope(samples):
    """Change per hour of (seconds, value), by least squares."""
    n = len(samples)
    if n < 2:
        return 0.0
    mean_t, mean_v = sum(t for t, _ in samples) / n, sum(v for _, v in samples) / n
    spread = sum((t - mean_t) ** 2 for t, _ in samples)
    return 3600 * sum((t - mean_t) * (v - mean_v) for t, v in samples) / spread if spread else 0.0


def config(options):
    """The configuration of the server for a run of so many minutes."""
    return CONFIG.format(max(30, round(options.minutes * 60 / 3)))


def maximum(options):
    """Bytes a second that two senders get acknowledged with nothing else going on."""
    with Serve(options.bin, config(options)) as server:
        senders = [Good(server, f"m{n}", lines=LINES) for n in range(2)]
        for sender in senders:
            sender.start()
        time.sleep(10)
        return sum(sender.stop().bytes for sender in senders) / 10


def add_up(counted):
    """What does not: a receiver whose counts do not add up at this moment."""
    return [
        f"{name}: {c}" for name, c in counted.items() if c["received"] != c["stored"] + c["dropped"] + c["inFlight"]
    ]


def settle(server, expected):
    """Waits until what was sent has been stored; what was counted then."""
    until = time.monotonic() + 60
    while True:
        counted = server.receivers()
        if all(counted[name]["stored"] >= n for name, n in expected.items()) or time.monotonic() > until:
            return counted
        time.sleep(0.2)


def watch(server, everyone, minutes):
    """Looks at a server until its time is over, a sender is, or somebody stops it: samples, and what was wrong."""
    began, samples, wrong, told_at = time.monotonic(), [], [], 0
    try:
        while (passed := time.monotonic() - began) < minutes * 60 and all(t.is_alive() for t in everyone):
            wrong += add_up(server.receivers())
            samples.append((passed, server.held_kib() / 1024, server.descriptors(), server.threads()))
            if passed >= told_at + TELL_S:
                told_at = passed
                print(f"{passed / 60:.0f} min: {samples[-1][1]:.0f} MB held, {samples[-1][3]} threads, {len(wrong)} wrong", file=sys.stderr, flush=True)
            time.sleep(SAMPLE_S)
    except KeyboardInterrupt:
        print("stopped: what was run until now counts", file=sys.stderr, flush=True)
    return samples, wrong


def stopped(senders, asking):
    """Ends those who send and ask, and returns how much each receiver was brought and what they saw go wrong."""
    http, lines = senders
    everyone = [*http, *lines, asking]
    for thread in everyone:
        thread.halt.set()
    for thread in everyone:
        thread.join()
    expected = {"http": sum(s.acknowledged for s in http), "syslog": lines[0].sent, "tail": lines[1].sent}
    return expected, [f"{s.label}: {s.wrong!r}" for s in http if s.wrong] + asking.wrong[:3]


def not_as_sent(counted, expected):
    """Receivers that did not receive and store what was sent."""
    return [f"{k}: {n} sent, {counted[k]}" for k, n in expected.items() if counted[k]["stored"] != n or counted[k]["received"] != n]


def summary(samples):
    """What samples say of memory, descriptors and threads, and the slopes of memory per hour."""
    memory = [(t, mb) for t, mb, _, _ in samples]
    half, quarter = slope(memory[len(memory) // 2 :]), slope(memory[len(memory) * 3 // 4 :])
    middle, last = samples[len(samples) // 2], samples[-1]
    text = (
        f"memory at most {max(mb for _, mb in memory):.0f} MB, {half:+.1f} MB/h in the second half, {quarter:+.1f} in the last quarter; "
        f"from half-time on descriptors {middle[2]} → {last[2]}, threads {middle[3]} → {last[3]} (at most {max(s[3] for s in samples)})"
    )
    return text, [half, quarter]


def run(options):
    """All of it."""
    top = maximum(options)
    with Serve(options.bin, config(options)) as server:
        log = os.path.join(server.folder, "app.log")
        server.args = ["--syslog-tcp", "127.0.0.1:0", "--tail", log]
        server.end(15)
        server.start()
        with socket.create_connection(("127.0.0.1", server.at["syslog tcp"])) as syslog, open(log, "ab", buffering=0) as file:
            http = [Paced(server, f"http{n}", top / 4) for n in range(2)]
            lines = [Lines("syslog", syslog.sendall, 500), Lines("tail", file.write, 500)]
            asking = Asking(server, options.seed)
            for thread in [*http, *lines, asking]:
                thread.start()
            samples, wrong = watch(server, [*http, *lines, asking], options.minutes)
            expected, seen = stopped((http, lines), asking)
            counted = settle(server, expected)
            wrong += add_up(counted) + seen + not_as_sent(counted, expected)
        what, slopes = summary(samples)
        minutes = samples[-1][0] / 60
        return [
            Row(
                SECTION,
                "a long run at half the maximum rate, queries beside it",
                f"{minutes:.1f} min, the last third of it kept; {top / 2e6:.1f} MB/s by HTTP, 500 lines/s each by syslog and tail, {asking.answered:,} queries",
                f"{sum(expected.values()):,} records sent, received and stored, counts added up at each of {len(samples):,} looks; {what}"
                + (f"; WRONG: {wrong[:3]}" if wrong else ""),
                not wrong and asking.answered > 0,
                60 * minutes,
                {"samples": samples, "slope_mb_per_h": slopes, "expected": expected, "wrong": wrong[:20]},
            )
        ]
