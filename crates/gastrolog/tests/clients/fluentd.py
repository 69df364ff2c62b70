"""fluent-logger of Python, which knows no acknowledgements: `fluentd.py PORT`."""

import sys

from common import SLOWLY_S, acknowledged, batches, text, time_ns
from fluent.sender import EventTime, FluentSender

sender = FluentSender("app", host="127.0.0.1", port=int(sys.argv[1]), timeout=60, nanosecond_precision=True)
for batch in batches(SLOWLY_S):
    for i in batch:
        event = {"n": i, "message": text(i), "host": {"name": f"web-{i % 3}"}, "big": 2**63}
        assert sender.emit_with_time("web", EventTime.from_unix_nano(time_ns(i)), event), sender.last_error
    acknowledged(batch)
sender.close()
