"""The bulk helper of the Elasticsearch client: `elastic.py ADDRESS`."""

import sys

from common import acknowledged, again, batches, text, time_iso
from elasticsearch import Elasticsearch, helpers

client = Elasticsearch(f"http://{sys.argv[1]}/elastic", http_compress=True, max_retries=0)
again("info", lambda: client.info()["version"]["number"])


def attempt(batch):
    actions = (
        {"_op_type": "create", "_index": "logs-app", "@timestamp": time_iso(i), "n": i, "message": text(i)}
        for i in batch
    )
    stored, errors = helpers.bulk(client, actions, max_retries=3, initial_backoff=0.1, stats_only=True)
    return stored == len(batch) and not errors


for batch in batches():
    again("bulk", lambda: attempt(batch))
    acknowledged(batch)
