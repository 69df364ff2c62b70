"""pylogbeat: `beats.py PORT [FOLDER]`; the folder has certificates for both sides."""

import sys

from common import acknowledged, again, batches, text, time_iso
from pylogbeat import PyLogBeatClient

tls = {}
if len(sys.argv) > 2:
    folder = sys.argv[2]
    tls = {"ssl_enable": True, "ca_certs": f"{folder}/ca.pem"}
    tls |= {"certfile": f"{folder}/client.pem", "keyfile": f"{folder}/client.key"}
client = None


def event(i):
    return {"@timestamp": time_iso(i), "@metadata": {"beat": "test"}, "n": i, "message": text(i), "host": {"name": f"web-{i % 3}"}}


def attempt(batch):
    """What breaks leaves the client as it is: the next attempt has a new one."""
    global client
    connected, client = client or PyLogBeatClient("localhost", int(sys.argv[1]), timeout=30, **tls), None
    connected.send([event(i) for i in batch])
    client = connected
    return True


for batch in batches():
    again("send", lambda: attempt(batch))
    acknowledged(batch)
client.close()
