"""The OpenTelemetry SDK: `otlp.py grpc|http ADDRESS`."""

import sys

from common import acknowledged, again, batches, text, time_ns
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
for numbers in batches():
    for i in numbers:
        logger.emit(
            timestamp=time_ns(i),
            severity_number=SeverityNumber.ERROR,
            severity_text="ERROR",
            body=text(i),
            attributes={"n": i, "http.method": "GET", "f": 0.5, "list": ["a", "b"]},
        )
    batch = made.get_finished_logs()
    again("export", lambda: exporter.export(batch) is LogRecordExportResult.SUCCESS)
    acknowledged(numbers)
    made.clear()
