"""Sends COUNT awkward events to PORT by pylogbeat: client.py PORT COUNT [FOLDER with cert.pem]. Ends when all are
acknowledged."""
import datetime
import sys

from pylogbeat import PyLogBeatClient

AWKWARD = ['plain', 'quote " and \\ and \t', 'größer 日本語 🪵', 'a=b {"c": [1]}', '', 'line\nbreak\r\n', 'nul \x00 del \x7f', 'x' * 5000]
START = datetime.datetime(2026, 11, 21, 8, 0, 0, tzinfo=datetime.timezone.utc)


def event(i):
    time = START + datetime.timedelta(milliseconds=i)
    return {
        '@timestamp': time.strftime('%Y-%m-%dT%H:%M:%S.') + '%03dZ' % (time.microsecond // 1000),
        '@metadata': {'beat': 'test', 'version': '8.0.0'},
        'number': i,
        'message': AWKWARD[i % len(AWKWARD)],
        'host': {'name': 'web-%d' % (i % 3)},
    }


port, count = int(sys.argv[1]), int(sys.argv[2])
tls = {'ssl_enable': True, 'ssl_verify': True, 'ca_certs': sys.argv[3] + '/cert.pem'} if len(sys.argv) > 3 else {}
client = PyLogBeatClient('127.0.0.1', port, timeout=60, **tls)
for first in range(0, count, 64):
    client.send([event(i) for i in range(first, min(first + 64, count))])
client.close()
