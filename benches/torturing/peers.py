"""Peers that do nothing, or little, or come and go: a well-behaved sender must not notice."""

import resource
import socket
import threading
import time

from .rows import Row
from .sender import Good, latency, percentile, watch
from .serve import Serve

SECTION = "peers"
CLOSING_S_MAX = 10
ARGS = ["--syslog-tcp", "127.0.0.1:0"]
KINDS = (("relp", "listen"), ("gelf", "tcp"), ("beats", "listen"), ("fluent", "listen"))
CONFIG = "".join(f'[[receivers]]\nkind = "{kind}"\n{key} = "127.0.0.1:0"\n' for kind, key in KINDS)
STARTS = {
    "syslog tcp": b"<13>slow",
    "relp tcp": b"1 open 9 relp",
    "gelf tcp": b'{"version":"1.1","short_message":"',
    # An event, and a tag, of 65,536 bytes.
    "beats tcp": b"2W\0\0\0\1" + b"2J\0\0\0\1\0\1\0\0",
    "fluent tcp": b"\x93\xdb\0\1\0\0",
}
HEAD = b"POST /ingest HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n"
BODY = HEAD + b"Content-Length: 1000000\r\n\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
H2 = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"
API = b"POST /gastrolog.v1.Query/Fetch HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"


def connect(port, number):
    """A connection from an address of its own, so that ports do not run out."""
    held = socket.socket()
    held.bind((f"127.0.{1 + number // 200 % 200}.{1 + number % 200}", 0))
    held.settimeout(10)
    held.connect(("127.0.0.1", port))
    return held


def allow(descriptors):
    """This process needs as many descriptors as the server."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < descriptors:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(descriptors, hard), hard))


def soon(options, good):
    """Whether a sender was answered as soon as it may expect."""
    return options.no_times or percentile(good.latencies_s, 0.99) < 1


def ports(server):
    """Every TCP port of the server by what it speaks."""
    return {"api": server.port, **{k: v for k, v in server.at.items() if not k.endswith(" udp")}}


def crowd(server, port, count, first_bytes):
    """So many connections that say a little and then nothing: them, and the memory each takes."""
    before = server.held_kib()
    held = []
    for number in range(count):
        try:
            one = connect(port, number)
        except OSError:
            break
        held.append(one)
        if first_bytes:
            one.sendall(first_bytes)
    time.sleep(2)
    return held, (server.held_kib() - before) / max(1, len(held))


def idle(options):
    """Many connections that do nothing."""
    rows = []
    attacks = [("api", "half a head sent", HEAD), ("api", "HTTP/2, then silence", H2)]
    attacks += [(name, "nothing sent", b"") for name in ("api", *STARTS)]
    for name, what, first in attacks:
        began = time.monotonic()
        with Serve(options.bin, CONFIG, args=ARGS) as server:
            alone = watch(server, "alone", 3)
            held, kib = crowd(server, ports(server)[name], options.connections, first)
            among = watch(server, "among", 5)
            for one in held:
                one.close()
        rows.append(
            Row(
                SECTION,
                f"idle connections to {name}, {what}",
                f"{len(held):,} held open, a sender beside them",
                f"{kib:.1f} KiB each; the sender {latency(among)} (alone {latency(alone)}), all {among.acknowledged:,} stored",
                soon(options, among) and kib < 64 and len(held) == options.connections,
                time.monotonic() - began,
                {"kib_each": kib, "p99_s": percentile(among.latencies_s, 0.99), "alone_p99_s": percentile(alone.latencies_s, 0.99)},
            )
        )
    return rows


class Dripping(threading.Thread):
    """Connections that send a byte a second each, and are opened anew when they are cut off."""

    def __init__(self, port, count, first):
        super().__init__(daemon=True)
        self.port, self.count, self.first, self.cut, self.halt = port, count, first, 0, threading.Event()

    def opened(self, number):
        """One of them, from the beginning."""
        try:
            one = connect(self.port, number)
            one.sendall(self.first)
            return one
        except OSError:
            return None

    def run(self):
        held = [self.opened(number) for number in range(self.count)]
        while not self.halt.wait(1):
            for number, one in enumerate(held):
                try:
                    if one is None:
                        raise OSError
                    one.sendall(b"x")
                except OSError:
                    self.cut += 1
                    held[number] = self.opened(number)
        for one in held:
            if one:
                one.close()


def slow(options):
    """Slow-loris senders: heads, bodies and messages that come a byte at a time."""
    rows = []
    with Serve(options.bin, CONFIG, args=ARGS) as server:
        attacks = [("api", "head", HEAD), ("api", "body", BODY), ("api", "body of unknown length", CHUNKED + b"fffff\r\n"), ("api", "call", API)]
        attacks += [(name, "message", STARTS.get(name, b"{")) for name in ports(server) if name != "api"]
        alone, count = watch(server, "alone", 3), max(1, options.connections // 20)
        for turn, (name, what, first) in enumerate(attacks):
            began = time.monotonic()
            drip = Dripping(ports(server)[name], count, first)
            drip.start()
            among = watch(server, f"slow{turn}", options.seconds)
            drip.halt.set()
            drip.join()
            rows.append(
                Row(
                    SECTION,
                    f"slow senders to {name}: a {what} at a byte a second",
                    f"{count:,} at once for {options.seconds} s",
                    f"the sender {latency(among)} (alone {latency(alone)}), all {among.acknowledged:,} stored; {drip.cut:,} cut off",
                    soon(options, among),
                    time.monotonic() - began,
                    {"p99_s": percentile(among.latencies_s, 0.99), "cut": drip.cut},
                )
            )
    return rows


def left_over(server, before):
    """How many sockets the server has more than before, once it has had time to close them."""
    until = time.monotonic() + CLOSING_S_MAX
    while (left := server.sockets() - before) > 0 and time.monotonic() < until:
        time.sleep(0.2)
    return left


def churn(options):
    """Connections opened and dropped in a loop."""
    rows = []
    with Serve(options.bin, CONFIG, args=ARGS) as server:
        alone = watch(server, "alone", 3)
        for name, port in ports(server).items():
            began, opened, halt, before = time.monotonic(), [0, 0], threading.Event(), server.sockets()

            def loop(which, port=port, opened=opened, halt=halt):
                while not halt.is_set():
                    try:
                        one = connect(port, opened[which])
                        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0" if which else b"\0" * 8)
                        one.sendall(HEAD if which else b"")
                        one.close()
                        opened[which] += 1
                    except OSError:
                        time.sleep(0.01)

            threads = [threading.Thread(target=loop, args=(which,), daemon=True) for which in (0, 1)]
            for thread in threads:
                thread.start()
            among = watch(server, f"churn-{name.replace(' ', '-')}", options.seconds)
            halt.set()
            for thread in threads:
                thread.join()
            left = left_over(server, before)
            rows.append(
                Row(
                    SECTION,
                    f"connections to {name} opened and dropped in a loop",
                    f"{sum(opened):,} in {options.seconds} s, half of them by RST",
                    f"the sender {latency(among)} (alone {latency(alone)}), all {among.acknowledged:,} stored; {max(0, left)} sockets left over",
                    soon(options, among) and left <= 0,
                    time.monotonic() - began,
                    {"opened": sum(opened), "sockets_left": left},
                )
            )
    return rows


def full(options):
    """More idle connections than there are places: who comes next is let in all the same."""
    began = time.monotonic()
    with Serve(options.bin, limits="ulimit -n 1024") as server:
        held = []
        for number in range(900):
            try:
                held.append(connect(server.port, number))
            except OSError:
                break
        time.sleep(6)
        good = Good(server, "late", pause_s=0.01)
        good.start()
        time.sleep(4)
        good.stop().check()
        said = server.receivers()
        row = Row(
            SECTION,
            "every place taken by an idle connection",
            f"`ulimit -n 1024`, {len(held)} idle, then a sender",
            f"let in at once; {latency(good)}, all {good.acknowledged:,} stored; faults said: {said['api']['faults']}",
            good.acknowledged > 0,
            time.monotonic() - began,
        )
    return [row]


def run(options):
    """All of it."""
    allow(options.connections + 1000)
    return [*idle(options), *slow(options), *churn(options), *full(options)]
