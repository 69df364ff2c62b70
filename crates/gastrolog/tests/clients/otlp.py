"""The OpenTelemetry SDK: `otlp.py grpc|http ADDRESS`."""

import sys

from common import BASE_NS, RECORDS, Ledger, again, text
from opentelemetry._logs import SeverityNumber
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, LogRecordExportResult, SimpleLogRecordProcessor
from opentelemetry.sdk.resources import Resource

kind, address = sys.argv[1:]
if kind == "grpc":
    from grpc import Compression
    from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter

    exporter = OTLPLogExporter(f"http://{address}", insecure=True, timeout=5, compression=Compression.Gzip)
else:
    from opentelemetry.exporter.otlp.proto.http import Compression
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter

    exporter = OTLPLogExporter(f"http://{address}/v1/logs", timeout=5, compression=Compression.Gzip)

provider = LoggerProvider(resource=Resource.create({"service.name": f"sdk-{kind}", "pid": 7}))
made = InMemoryLogRecordExporter()
provider.add_log_record_processor(SimpleLogRecordProcessor(made))
logger = provider.get_logger("scope", "1.0")
ledger = Ledger()
for first in range(0, RECORDS, 20):
    for i in range(first, first + 20):
        logger.emit(
            timestamp=BASE_NS + i,
            severity_number=SeverityNumber.ERROR,
            severity_text="ERROR",
            body=text(i),
            attributes={"n": i, "http.method": "GET", "f": 0.5, "list": ["a", "b"]},
        )
    batch = made.get_finished_logs()
    again("export", lambda: exporter.export(batch) is LogRecordExportResult.SUCCESS)
    ledger.acknowledged(range(first, first + 20))
    made.clear()
