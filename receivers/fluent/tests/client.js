// Sends COUNT awkward events to PORT by @fluent-org/logger, and waits until each is acknowledged:
// client.js PORT COUNT MODE '{"ca": FILE, "security": {…}, "pause": MS}'
// What is not acknowledged because the server went away is sent again.
const fs = require('fs');
const { FluentClient, EventTime } = require('@fluent-org/logger');

const awkward = ['plain', 'quote " and \\ and \t', 'größer 日本語 🪵', 'a=b {"c": [1]}', '', 'line\nbreak\r\n', 'nul \x00 del \x7f', 'x'.repeat(5000)];
const [port, count, mode, more] = process.argv.slice(2);
const { ca, security, pause } = JSON.parse(more || '{}');
const tls = ca ? { ca: fs.readFileSync(ca), servername: 'localhost' } : undefined;
const client = new FluentClient('app', {
  eventMode: mode,
  socket: { host: '127.0.0.1', port: Number(port), timeout: 60000, tls },
  security,
  ack: { ackTimeout: 60000 },
  flushInterval: 5,
});

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

async function emit(event, time) {
  for (let tries = 0; ; tries++) {
    try {
      return await client.emit('web', event, time);
    } catch (e) {
      if (tries > 300) throw e;
      await sleep(100);
    }
  }
}

async function run() {
  const sent = [];
  for (let i = 0; i < Number(count); i++) {
    const time = new EventTime(1795248000 + Math.floor(i / 1000), (i % 1000) * 1000000);
    const event = { number: i, message: awkward[i % awkward.length], host: { name: `web-${i % 3}` }, ratio: i / 7 };
    sent.push(emit(event, time));
    // In batches of this many, so that a mode with many entries in a message is used as such.
    if (i % 50 === 49) {
      await Promise.all(sent.splice(0));
      await sleep(pause || 0);
    }
  }
  await Promise.all(sent);
  await client.disconnect();
}

run().then(() => process.exit(0), (e) => { console.error(e); process.exit(1); });
