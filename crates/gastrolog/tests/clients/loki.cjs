// winston-loki and pino-loki: `loki.cjs winston|pino ADDRESS`. Both hold what was not acknowledged.
const [kind, address] = process.argv.slice(2);
const host = `http://${address}`;
const RECORDS = 1000;
const odd = ['', '"quoted" and \\ back\\\\slash', 'two\nlines\tand a tab', 'snow ☃, née, 日本語, 😀', '{"json":[1,{"a":null}]}'];
const text = (i) => `${i} ${odd[i % odd.length]}`;
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

async function winston() {
  const { createLogger, format } = require('winston');
  const Loki = require('winston-loki');
  const transport = new Loki({ host, labels: { app: 'winston' }, json: false, interval: 1, timeout: 3000, format: format.printf((info) => info.message), replaceTimestamp: false, onConnectionError: () => {} });
  const logger = createLogger({ transports: [transport] });
  for (let i = 0; i < RECORDS; i++) {
    logger.info({ message: text(i), labels: { n: String(i) } });
    if (i % 20 === 0) await pause(20);
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
    if (i % 20 === 0) await pause(20);
  }
  await new Promise((done) => { stream.on('close', done); stream.end(); });
}

({ winston, pino })[kind]().then(() => process.exit(0), (e) => { console.error(e); process.exit(1); });
