// @fluent-org/logger with acknowledgements: `fluent.cjs PORT MODE '{"folder": FOLDER, "security": {…}}'`; the folder has
// certificates for both sides. What is not acknowledged because the server went away is sent again.
const fs = require('fs');
const { FluentClient, EventTime } = require('@fluent-org/logger');
const { RECORDS, text, pause, acknowledged, run } = require('./common.cjs');

const [port, mode, more] = process.argv.slice(2);
const { folder, security } = JSON.parse(more || '{}');
const file = (name) => fs.readFileSync(`${folder}/${name}`);
const tls = folder ? { ca: file('ca.pem'), cert: file('client.pem'), key: file('client.key'), servername: 'localhost' } : undefined;
const client = new FluentClient('app', {
  eventMode: mode,
  socket: { host: '127.0.0.1', port: Number(port), timeout: 10000, tls },
  security,
  ack: { ackTimeout: 10000 },
  flushInterval: 5,
});

async function emit(i) {
  const event = { n: i, message: text(i), host: { name: `web-${i % 3}` }, ratio: i / 7 };
  for (let tries = 0; ; tries++) {
    try {
      await client.emit('web', event, new EventTime(1700000000, i * 1000000));
      return acknowledged(i);
    } catch (e) {
      if (tries > 300) throw e;
      await pause(100);
    }
  }
}

run(async () => {
  for (let first = 0; first < RECORDS; first += 20) {
    await Promise.all(Array.from({ length: 20 }, (_, i) => emit(first + i)));
    await pause(20);
  }
  await client.disconnect();
});
