"""A well-behaved sender: posts batches, waits for each acknowledgement, remembers how long that took."""

import threading
import time

from measure.server import ServerError


class Good(threading.Thread):
    """Sends until told to stop. What goes wrong ends it and is kept."""

    def __init__(self, server, name, lines=100, pause_s=0.0, line_bytes=150):
        super().__init__(daemon=True)
        self.server, self.label, self.lines, self.pause_s = server, name, lines, pause_s
        self.filler = "x" * max(0, line_bytes - 60)
        self.acknowledged, self.bytes, self.latencies_s, self.wrong = 0, 0, [], None
        self.halt = threading.Event()

    def body(self):
        """The next lines, numbered."""
        first = self.acknowledged
        return "".join(
            f"level=info sender={self.label} n={n} took={n * 7 % 900}ms msg={self.filler}\n" for n in range(first, first + self.lines)
        ).encode()

    def pause(self):
        """Waits before the next batch."""
        self.halt.wait(self.pause_s)

    def run(self):
        try:
            connection = self.server.connect()
            while not self.halt.is_set():
                body, began = self.body(), time.monotonic()
                status, answer = connection.send("POST", "/ingest", "text/plain", body)
                if status != 200:
                    raise ServerError(f"{status}: {answer[:200]!r}")
                self.latencies_s.append(time.monotonic() - began)
                self.acknowledged += self.lines
                self.bytes += len(body)
                self.pause()
        except (OSError, ServerError, ValueError) as error:
            self.wrong = error

    def stop(self):
        """Ends it; raises what went wrong."""
        self.halt.set()
        self.join()
        if self.wrong:
            raise ServerError(f"a well-behaved sender was harmed: {self.wrong!r}")
        return self

    def check(self):
        """Whether what was acknowledged is there, once."""
        found = self.server.count(f"sender={self.label}")
        if found != self.acknowledged:
            raise ServerError(f"{self.acknowledged} were acknowledged, {found} are there")


def percentile(values, share):
    """The value below which a share of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def watch(server, name, seconds):
    """A sender alone for a while: it, stopped and checked."""
    good = Good(server, name, pause_s=0.01)
    good.start()
    time.sleep(seconds)
    good.stop().check()
    return good


def latency(good):
    """Median and 99th percentile of a sender, as text."""
    return f"{percentile(good.latencies_s, 0.5) * 1000:.0f} / {percentile(good.latencies_s, 0.99) * 1000:.0f} ms"
