"""The bulk helper of the Elasticsearch client: `elastic.py ADDRESS`."""

import sys

from common import RECORDS, Ledger, again, text
from elasticsearch import Elasticsearch, helpers

client = Elasticsearch(f"http://{sys.argv[1]}/elastic", http_compress=True, max_retries=0)
again("info", lambda: client.info()["version"]["number"])


def attempt(batch):
    actions = (
        {"_op_type": "create", "_index": "logs-app", "@timestamp": f"2023-11-14T22:13:20.{i:09}Z", "n": i, "message": text(i)}
        for i in batch
    )
    stored, errors = helpers.bulk(client, actions, max_retries=3, initial_backoff=0.1, stats_only=True)
    return stored == len(batch) and not errors


ledger = Ledger()
for first in range(0, RECORDS, 20):
    batch = range(first, first + 20)
    again("bulk", lambda: attempt(batch))
    ledger.acknowledged(batch)
