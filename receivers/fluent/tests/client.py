"""Sends COUNT awkward events to PORT by fluent-logger: client.py PORT COUNT."""
import sys

from fluent.sender import EventTime, FluentSender

AWKWARD = ['plain', 'quote " and \\ and \t', 'größer 日本語 🪵', 'a=b {"c": [1]}', '', 'line\nbreak\r\n', 'nul \x00 del \x7f', 'x' * 5000]

port, count = int(sys.argv[1]), int(sys.argv[2])
sender = FluentSender('app', host='127.0.0.1', port=port, timeout=60, nanosecond_precision=True)
for i in range(count):
    time = EventTime.from_unix_nano(1795248000 * 10**9 + i * 10**6)
    event = {'number': i, 'message': AWKWARD[i % len(AWKWARD)], 'host': {'name': 'web-%d' % (i % 3)}, 'big': 2**63}
    assert sender.emit_with_time('web', time, event), sender.last_error
sender.close()
