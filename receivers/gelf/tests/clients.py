"""Sends records by graypy and pygelf: clients.py UDP_PORT TCP_PORT HTTP_PORT COUNT."""

import hashlib
import logging
import sys

import graypy
import pygelf

udp, tcp, http, count = map(int, sys.argv[1:])
host = "127.0.0.1"
AWKWARD = 'quotes " \\ back\nslash, tab\t, nul-free, äöü ☃ 𝄞, {"json": [1]} '
# Long enough to come in chunks, even compressed.
LONG = "".join(hashlib.sha256(bytes([i])).hexdigest() for i in range(100))

handlers = {
    "graypy-udp": graypy.GELFUDPHandler(host, udp),
    "graypy-udp-plain": graypy.GELFUDPHandler(host, udp, compress=False),
    "graypy-tcp": graypy.GELFTCPHandler(host, tcp),
    "graypy-http": graypy.GELFHTTPHandler(host, http),
    "pygelf-udp": pygelf.GelfUdpHandler(host=host, port=udp, compress=True, include_extra_fields=True),
    "pygelf-udp-plain": pygelf.GelfUdpHandler(
        host=host, port=udp, compress=False, chunk_size=700, include_extra_fields=True
    ),
    "pygelf-tcp": pygelf.GelfTcpHandler(host=host, port=tcp, include_extra_fields=True),
    "pygelf-http": pygelf.GelfHttpHandler(host=host, port=http, compress=True, include_extra_fields=True),
}
for name, handler in handlers.items():
    logger = logging.getLogger(name)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    logger.addHandler(handler)
    for n in range(count):
        text = f"{name} {n} {AWKWARD}{LONG if n % 10 == 0 else ''}"
        logger.info(text, extra={"client": name, "n": n, "spaced key": "v"})
    handler.close()
print(len(handlers) * count)
