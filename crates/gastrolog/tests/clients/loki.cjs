// winston-loki and pino-loki: `loki.cjs winston|pino ADDRESS`. Neither tells a program what was acknowledged.
const { RECORDS, text, pause, acknowledged, run } = require('./common.cjs');
const [kind, address] = process.argv.slice(2);
const host = `http://${address}`;

async function winston() {
  const { createLogger, format } = require('winston');
  const Loki = require('winston-loki');
  const transport = new Loki({ host, labels: { app: 'winston' }, json: false, interval: 1, timeout: 5000, format: format.printf((info) => info.message), onConnectionError: () => {} });
  const logger = createLogger({ transports: [transport] });
  for (let i = 0; i < RECORDS; i++) {
    logger.info({ message: text(i), labels: { n: String(i) } });
    acknowledged(i);
    if (i % 20 === 0) await pause(80);
  }
  await transport.flush();
}

async function pino() {
  const pino = require('pino');
  const { pinoLoki } = require('pino-loki');
  const stream = pinoLoki({ host, labels: { app: 'pino' }, batching: { interval: 1 }, silenceErrors: false });
  const logger = pino({ timestamp: () => `,"time":${Date.now()}` }, stream);
  for (let i = 0; i < RECORDS; i++) {
    logger.info({ n: i }, text(i));
    acknowledged(i);
    if (i % 20 === 0) await pause(80);
  }
  await new Promise((done) => { stream.on('close', done); stream.end(); });
}

run({ winston, pino }[kind]);
