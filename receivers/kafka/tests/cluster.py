"""A cluster of librdkafka's own (a mock one) and COUNT awkward records in its topic `app.web`: cluster.py COUNT PAUSE_MS.
Prints where it listens, then `sent`, and goes on until its standard input is closed."""
import json
import sys
import time

from confluent_kafka import Producer

AWKWARD = ['plain', 'quote " and \\ and \t', 'größer 日本語 🪵', 'a=b {"c": [1]}', '', 'line\nbreak\r\n', 'nul \x00 del \x7f', 'x' * 5000]

count, pause = int(sys.argv[1]), int(sys.argv[2]) / 1000
producer = Producer({'bootstrap.servers': 'mock', 'test.mock.num.brokers': 1})
broker = next(iter(producer.list_topics(timeout=30).brokers.values()))
print('127.0.0.1:%d' % broker.port, flush=True)
failed = []
for i in range(count):
    event = {'number': i, 'message': AWKWARD[i % len(AWKWARD)], 'host': {'name': 'web-%d' % (i % 3)}}
    producer.produce('app.web', json.dumps(event), key='k%d' % i, headers={'trace': 't%d' % i},
                     timestamp=1795248000000 + i, on_delivery=lambda error, _: error and failed.append(error))
    if i % 50 == 49:
        producer.flush(30)
        time.sleep(pause)
producer.flush(30)
print('failed' if failed else 'sent', flush=True)
sys.stdin.read()
