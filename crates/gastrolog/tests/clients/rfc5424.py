"""rfc5424-logging-handler: `rfc5424.py udp|tcp|tls PORT [FOLDER]`; the folder has certificates for both sides."""

import logging
import socket
import sys

from common import SLOWLY_S, acknowledged, batches, text
from rfc5424logging import Rfc5424SysLogHandler

kind, port = sys.argv[1], int(sys.argv[2])
# Counted, so that line ends and NUL may be in a message.
more = {"framing": 1, "socktype": socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM}
if kind == "tls":
    folder = sys.argv[3]
    more |= {"tls_enable": True, "tls_ca_bundle": f"{folder}/ca.pem"}
    more |= {"tls_client_cert": f"{folder}/client.pem", "tls_client_key": f"{folder}/client.key"}
# A datagram takes less than 64 KiB.
LONG = "long " * (8_000 if kind == "udp" else 13_107)
handler = Rfc5424SysLogHandler(address=("localhost", port), appname="app", hostname="h", timeout=60, **more)
logger = logging.getLogger("client")
logger.setLevel(logging.INFO)
logger.addHandler(handler)
for batch in batches(SLOWLY_S):
    for n in batch:
        logger.error("%s", text(n, LONG), extra={"structured_data": {"s@1": {"n": str(n), "odd": 'a"]\\'}}})
    acknowledged(batch, lambda n: text(n, LONG))
handler.close()
