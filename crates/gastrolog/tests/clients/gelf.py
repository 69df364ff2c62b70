"""graypy and pygelf: `gelf.py KIND PORT`."""

import hashlib
import logging
import sys

import graypy
import pygelf
from common import SLOWLY_S, acknowledged, batches, text

kind, port = sys.argv[1], int(sys.argv[2])
host = "127.0.0.1"
# Does not shrink: comes in chunks of UDP even when it is compressed.
LONG = "".join(hashlib.sha256(bytes([i])).hexdigest() for i in range(250)) * 4
pygelf_more = {"host": host, "port": port, "include_extra_fields": True}
make = {
    "graypy-udp": lambda: graypy.GELFUDPHandler(host, port),
    "graypy-udp-plain": lambda: graypy.GELFUDPHandler(host, port, compress=False),
    "graypy-tcp": lambda: graypy.GELFTCPHandler(host, port),
    "graypy-http": lambda: graypy.GELFHTTPHandler(host, port),
    "pygelf-udp": lambda: pygelf.GelfUdpHandler(compress=True, **pygelf_more),
    "pygelf-udp-plain": lambda: pygelf.GelfUdpHandler(compress=False, chunk_size=1400, **pygelf_more),
    "pygelf-tcp": lambda: pygelf.GelfTcpHandler(**pygelf_more),
    "pygelf-http": lambda: pygelf.GelfHttpHandler(compress=True, **pygelf_more),
}
logger = logging.getLogger("client")
logger.setLevel(logging.DEBUG)
handler = make[kind]()
logger.addHandler(handler)
for batch in batches(SLOWLY_S):
    for n in batch:
        logger.warning("%s", text(n, LONG), extra={"n": n, "spaced key": "v"})
    acknowledged(batch, lambda n: text(n, LONG))
handler.close()
