"""python-logging-loki: `loki.py ADDRESS`."""

import logging
import sys

import logging_loki
from common import acknowledged, again, batches, text

failed = []


class Handler(logging_loki.LokiHandler):
    """The library drops what it cannot send; here it is held and sent again."""

    def handleError(self, record):
        failed.append(record)
        self.emitter.close()


handler = Handler(url=f"http://{sys.argv[1]}/loki/api/v1/push", tags={"application": "a b"}, version="1")
logger = logging.getLogger("client")
logger.setLevel(logging.INFO)
logger.addHandler(handler)


def attempt(i):
    failed.clear()
    logger.error("%s", text(i), extra={"tags": {"n": str(i)}})
    return not failed


for batch in batches():
    for i in batch:
        again("push", lambda: attempt(i))
        acknowledged([i])
