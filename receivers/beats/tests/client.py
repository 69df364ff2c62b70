"""Sends COUNT awkward events to PORT by pylogbeat: client.py PORT COUNT [FOLDER with cert.pem]. Ends when all are
acknowledged. What is not, because the server went away, is sent again; BATCH and PAUSE_MS in the environment slow it
down."""
import datetime
import os
import sys
import time

from pylogbeat import PyLogBeatClient

AWKWARD = ['plain', 'quote " and \\ and \t', 'größer 日本語 🪵', 'a=b {"c": [1]}', '', 'line\nbreak\r\n', 'nul \x00 del \x7f', 'x' * 5000]
START = datetime.datetime(2026, 11, 21, 8, 0, 0, tzinfo=datetime.timezone.utc)


def event(i):
    when = START + datetime.timedelta(milliseconds=i)
    return {
        '@timestamp': when.strftime('%Y-%m-%dT%H:%M:%S.') + '%03dZ' % (when.microsecond // 1000),
        '@metadata': {'beat': 'test', 'version': '8.0.0'},
        'number': i,
        'message': AWKWARD[i % len(AWKWARD)],
        'host': {'name': 'web-%d' % (i % 3)},
    }


port, count = int(sys.argv[1]), int(sys.argv[2])
batch, pause = int(os.environ.get('BATCH', 64)), int(os.environ.get('PAUSE_MS', 0)) / 1000
tls = {'ssl_enable': True, 'ssl_verify': True, 'ca_certs': sys.argv[3] + '/cert.pem'} if len(sys.argv) > 3 else {}


def connect():
    return PyLogBeatClient('127.0.0.1', port, timeout=60, **tls)


client, tries = connect(), 0
for first in range(0, count, batch):
    while True:
        try:
            client.send([event(i) for i in range(first, min(first + batch, count))])
            break
        except Exception as error:
            tries += 1
            if tries > 300:
                raise
            print('again:', error, file=sys.stderr)
            client.close()
            client = connect()
            time.sleep(0.1)
    time.sleep(pause)
client.close()
