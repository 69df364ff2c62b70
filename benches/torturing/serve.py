"""A `gastrolog serve` to be tortured: started with limits, looked at from outside, killed."""

import collections
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

from measure.server import Connection, ServerError

START_SECONDS_MAX = 60
STOP_SECONDS_MAX = 60
LINES_KEPT = 200


class Serve:
    """A server on a store of its own, in a folder that goes at the end."""

    def __init__(self, binary, config="", args=(), limits=""):
        """`limits` is a line of shell (`ulimit -n 64`) that is run before the server takes its place."""
        self.binary, self.config, self.args, self.limits = os.path.abspath(binary), config, list(args), limits
        self.folder = tempfile.mkdtemp(prefix="gastrolog-torture-")
        self.data, self.process, self.port = os.path.join(self.folder, "data"), None, 0
        self.told = collections.deque(maxlen=LINES_KEPT)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.end(signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self):
        """Starts it and waits until it says where it listens."""
        path = os.path.join(self.folder, "config.toml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.config)
        command = [self.binary, "serve", "--store", self.data, "--listen", "127.0.0.1:0", "--config", path, *self.args]
        if self.limits:
            command = ["sh", "-c", self.limits + '; exec "$@"', "sh", *command]
        # Of a group of its own: Ctrl-C is for the script, which ends the server when it has asked it for what it has.
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
        self.process = subprocess.Popen(command, process_group=0, **streams)
        ready, lines = threading.Event(), []

        def hear(stream):
            for line in stream:
                text = line.decode("utf-8", "replace").rstrip()
                self.told.append(text)
                lines.append(text) if not ready.is_set() else None
                if text.startswith("send "):
                    ready.set()
            ready.set()

        threading.Thread(target=hear, args=(self.process.stderr,), daemon=True).start()
        if not ready.wait(START_SECONDS_MAX) or self.process.poll() is not None:
            raise ServerError("the server did not start: " + " | ".join(self.told))
        self.at = {}
        for line in lines:
            if found := re.search(r"listening  http://(\S+):(\d+)", line):
                self.port = int(found[2])
            elif found := re.match(r"\s+(\S+) (\w+)://(\S+):(\d+)", line):
                self.at[f"{found[1]} {found[2]}"] = int(found[4])

    def end(self, number):
        """Sends it a signal and waits for its end: status and seconds."""
        if self.process is None:
            return None, 0.0
        process, self.process = self.process, None
        began = time.monotonic()
        if process.poll() is None:
            process.send_signal(number)
        try:
            process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        return process.returncode, time.monotonic() - began

    def connect(self):
        """A connection to the API."""
        return Connection("127.0.0.1", self.port)

    def call(self, method, message):
        """Calls a method of the API (Connect, JSON): its answer."""
        connection = self.connect()
        try:
            status, body = connection.send("POST", f"/gastrolog.v1.{method}", "application/json", json.dumps(message).encode())
        finally:
            connection.close()
        if status != 200:
            raise ServerError(f"{method} answered {status}: {body[:300].decode('utf-8', 'replace')}")
        return json.loads(body)

    def count(self, query):
        """How many records a query finds."""
        rows = self.call("Query/Fetch", {"query": f"{query} | stats count()"}).get("rows", [])
        return int(rows[0]["values"][0].get("integer", 0)) if rows else 0

    def receivers(self):
        """What each receiver counted, by name; every number is there."""
        found = {}
        for info in self.call("Lifecycle/Receivers", {}).get("receivers", []):
            dropped = {d["name"]: int(d.get("count", 0)) for d in info.get("dropped", [])}
            numbers = {k: int(info.get(k, 0)) for k in ("received", "stored", "inFlight", "parseErrors", "faults")}
            found[info["name"]] = {**numbers, "dropped": sum(dropped.values()), "reasons": dropped, "said": info.get("lastError", "")}
        return found

    def status(self, key):
        """A figure of /proc/PID/status, in KiB."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii", errors="replace") as status:
            for line in status:
                if line.startswith(key + ":"):
                    return int(line.split()[1])
        return 0

    def held_kib(self):
        """Memory that is the server's own, mapped files left out."""
        return self.status("RssAnon")

    def descriptors(self):
        """How many descriptors it has open."""
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def sockets(self):
        """How many of them are sockets: those of the store come and go as it grows."""
        folder, found = f"/proc/{self.process.pid}/fd", 0
        for name in os.listdir(folder):
            # Closed since it was listed.
            with contextlib.suppress(FileNotFoundError):
                found += os.readlink(f"{folder}/{name}").startswith("socket:")
        return found

    def threads(self):
        """How many threads it has."""
        return self.status("Threads")


def stream(port, method, message, receive_buffer=0):
    """A call whose answer is a stream (Connect): the socket, from which nothing was read yet."""
    body = json.dumps(message).encode()
    body = b"\0" + len(body).to_bytes(4, "big") + body
    held = socket.socket()
    if receive_buffer:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    held.connect(("127.0.0.1", port))
    head = (
        f"POST /gastrolog.v1.{method} HTTP/1.1\r\nHost: x\r\nContent-Type: application/connect+json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    held.sendall(head.encode() + body)
    return held


def messages(held):
    """The messages of a stream, as they come."""
    reader = held.makefile("rb")
    while reader.readline() not in (b"\r\n", b""):
        pass
    held_bytes = bytearray()
    while True:
        size = int(reader.readline().split(b";")[0] or b"0", 16)
        if size == 0:
            return
        held_bytes += reader.read(size)
        reader.readline()
        while len(held_bytes) >= 5 and len(held_bytes) >= 5 + int.from_bytes(held_bytes[1:5], "big"):
            length = int.from_bytes(held_bytes[1:5], "big")
            yield json.loads(bytes(held_bytes[5 : 5 + length]) or b"{}")
            del held_bytes[: 5 + length]
