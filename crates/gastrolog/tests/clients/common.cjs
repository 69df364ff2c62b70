// What the clients send, and the ledger of what was acknowledged (or sent): a JSON object a line.
const RECORDS = 1000;
const odd = ['', '"quoted" and \\ back\\\\slash', 'two\nlines\r\nand a tab\t.', 'snow ☃, née, 日本語, 😀', '\x01\x1f\x7f\u2028', '{"json":[1,{"a":null}]}', 'nul \x00 in the middle'];
const long = 'long '.repeat(13107); // 64 KiB

exports.RECORDS = RECORDS;
exports.text = (i) => `${i} ${i % 97 === 96 ? long : odd[i % odd.length]}`;
exports.pause = (ms) => new Promise((done) => setTimeout(done, ms));
exports.acknowledged = (n) => process.stdout.write(JSON.stringify({ n, text: exports.text(n) }) + '\n');
// Standard output is a pipe, of which the end must not be cut off.
exports.run = (main) => main().then(() => process.stdout.write('', () => process.exit(0)), (e) => { console.error(e); process.exit(1); });
