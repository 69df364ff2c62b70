// gelf-pro: `gelf.cjs udp|tcp PORT`. It opens a connection for each message, and knows nothing of what became of it.
const log = require('gelf-pro');
const { RECORDS, text, pause, acknowledged, run } = require('./common.cjs');

const [adapterName, port] = process.argv.slice(2);
log.setConfig({ adapterName, adapterOptions: { host: '127.0.0.1', port: Number(port) } });

const send = (i) => new Promise((done, failed) => {
  log.warning(text(i), { n: i, user: { name: 'ann' } }, (error) => (error ? failed(error) : done(acknowledged(i))));
});

run(async () => {
  for (let first = 0; first < RECORDS; first += 20) {
    for (let i = first; i < first + 20; i++) await send(i);
    await pause(60);
  }
});
