// The OpenTelemetry SDK for Node, which speaks OTLP by HTTP in JSON: `otlp.cjs ADDRESS`.
const { LoggerProvider } = require('@opentelemetry/sdk-logs');
const { OTLPLogExporter } = require('@opentelemetry/exporter-logs-otlp-http');
const { resourceFromAttributes } = require('@opentelemetry/resources');
const { RECORDS, text, pause, acknowledged, run } = require('./common.cjs');

const exporter = new OTLPLogExporter({ url: `http://${process.argv[2]}/v1/logs`, timeoutMillis: 5000, compression: 'gzip' });
let made = [];
const collect = { onEmit: (record) => made.push(record), forceFlush: async () => {}, shutdown: async () => {} };
const resource = resourceFromAttributes({ 'service.name': 'sdk-node', pid: 7 });
const logger = new LoggerProvider({ resource, processors: [collect] }).getLogger('scope', '1.0');

const attempt = (batch) => new Promise((done) => exporter.export(batch, (result) => done(result.code === 0)));

run(async () => {
  for (let first = 0; first < RECORDS; first += 20) {
    made = [];
    for (let i = first; i < first + 20; i++) {
      const attributes = { n: i, 'http.method': 'GET', f: 0.5, list: ['a', 'b'] };
      logger.emit({ timestamp: [1700000000, i * 1000000], severityNumber: 17, severityText: 'ERROR', body: text(i), attributes });
    }
    for (let tries = 0; !(await attempt(made)); tries++) {
      if (tries > 300) throw new Error('gave up');
      await pause(100);
    }
    for (let i = first; i < first + 20; i++) acknowledged(i);
    await pause(20);
  }
});
