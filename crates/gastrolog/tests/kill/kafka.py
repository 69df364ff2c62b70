"""A cluster of Kafka that outlives the server: `kafka.py PORT FOLDER`, where FOLDER has the one that clients are tested with. Each
line of standard input is a record of the topic `kill`; after an empty one it says `ok`, when the cluster has all of them."""

import sys

sys.path.insert(0, sys.argv[2])
from kafka import cluster  # noqa: E402


def main():
    producer = cluster(int(sys.argv[1]), wait_ms=6000)
    failed = []
    print("ok", flush=True)
    for line in sys.stdin.buffer:
        record = line.rstrip(b"\n")
        if record:
            # One partition: the order of the records is that of the lines.
            producer.produce("kill", record, partition=0, on_delivery=lambda error, _: error and failed.append(error))
            producer.poll(0)
        else:
            assert producer.flush(20) == 0 and not failed, failed
            print("ok", flush=True)


main()
