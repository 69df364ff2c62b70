"""Readers that are slow or stalled: ingest goes on as before, memory stays bounded, who missed something is told."""

import re
import socket
import statistics
import threading
import time

from .rows import Row
from .sender import Good
from .serve import Serve, messages, stream

SECTION = "readers"
STALLED = 16
SLOW = 8
SLOW_BYTES_PER_S = 16 << 10
BATCH_LINES = 2000


def rate(server, name, seconds):
    """Bytes a second that two senders get acknowledged."""
    senders = [Good(server, f"{name}{n}", lines=BATCH_LINES) for n in range(2)]
    began = time.monotonic()
    for sender in senders:
        sender.start()
    time.sleep(seconds)
    for sender in senders:
        sender.stop()
    wall = time.monotonic() - began
    return sum(s.bytes for s in senders) / wall


def slow_reader(held, halt):
    """Reads a little each tenth of a second."""
    held.settimeout(0.1)
    while not halt.wait(0.1):
        try:
            if not held.recv(SLOW_BYTES_PER_S // 10):
                return
        except TimeoutError:
            pass
        except OSError:
            return


def beside(options, what, method, query, count, is_slow):
    """Ingest with such readers against ingest without them, in turns on one server."""
    began = time.monotonic()
    with Serve(options.bin) as server:
        rate(server, "warm", 3)
        alone, among, held_kib = [], [], 0
        for turn in range(options.turns):
            alone.append(rate(server, f"a{turn}x", options.seconds))
            halt, held, threads = threading.Event(), [], []
            for _ in range(count):
                held.append(stream(server.port, method, {"query": query}, receive_buffer=4096))
                if is_slow:
                    threads.append(threading.Thread(target=slow_reader, args=(held[-1], halt), daemon=True))
                    threads[-1].start()
            # Until each has taken what fits between it and the server.
            rate(server, f"s{turn}x", options.seconds)
            among.append(rate(server, f"b{turn}x", options.seconds))
            held_kib = max(held_kib, server.held_kib())
            halt.set()
            for one in held:
                one.close()
            for thread in threads:
                thread.join()
        # Before and after each turn: what a growing store costs is not put on the readers.
        alone.append(rate(server, "last", options.seconds))
        loss = 1 - statistics.median(among) / statistics.median(alone)
        return Row(
            SECTION,
            f"{count} {'slow' if is_slow else 'stalled'} readers of {what}",
            f"{options.turns} turns of {options.seconds} s without and with them, two senders at full speed"
            + (f"; each reads {SLOW_BYTES_PER_S >> 10} KiB/s" if is_slow else ""),
            f"ingest {statistics.median(alone) / 1e6:.1f} → {statistics.median(among) / 1e6:.1f} MB/s ({-loss:+.1%}); "
            f"at most {held_kib / 1024:.0f} MB of its own in the server",
            (options.no_times or loss < 0.05) and held_kib < (1 << 20),
            time.monotonic() - began,
            {"alone_bytes_per_s": alone, "among_bytes_per_s": among, "held_kib": held_kib},
        )


def missed(options):
    """A follower that stalls until retention has removed what it did not read: it is told how much it missed."""
    began = time.monotonic()
    config = '[stores.default]\nseal_bytes = "8MiB"\nretention_bytes = "2MiB"\n'
    with Serve(options.bin, config) as server:
        held = stream(server.port, "Follow/Follow", {"query": "sender=all"}, receive_buffer=4096)
        time.sleep(0.5)
        good = Good(server, "all", lines=BATCH_LINES, line_bytes=300)
        good.start()
        while good.bytes < options.missed_bytes and good.is_alive():
            time.sleep(0.1)
        good.stop()
        time.sleep(3)
        read = told = 0
        held.settimeout(10)
        try:
            for message in messages(held):
                read += len(message.get("records", []))
                for notice in message.get("notices", []):
                    told += int(re.match(r"(\d+) records were removed", notice)[1])
                if read + told >= good.acknowledged:
                    break
        except (socket.timeout, TimeoutError):
            pass
        held.close()
        return Row(
            SECTION,
            "a follower that stalls while retention removes what it did not read",
            f"{good.bytes / 1e6:.0f} MB stored, 2 MiB kept, then it reads on",
            f"read {read:,} + told of {told:,} missed = {read + told:,} of {good.acknowledged:,}",
            read + told == good.acknowledged and told > 0,
            time.monotonic() - began,
            {"read": read, "told": told, "sent": good.acknowledged},
        )


def run(options):
    """All of it."""
    return [
        beside(options, "`follow`", "Follow/Follow", "*", STALLED, False),
        beside(options, "`follow`", "Follow/Follow", "*", SLOW, True),
        beside(options, "large results", "Query/Query", "*", STALLED, False),
        missed(options),
    ]
