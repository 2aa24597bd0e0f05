// int8 beside fp32 of the same server: texts of 20 words a second with 16 clients, and how near the vectors are.
import { openClient, request } from './lib/client.mjs';
import { scaled } from './lib/corpus.mjs';
import { underLoad } from './lib/load.mjs';
import { freshTexts } from './lib/mini-lm.mjs';
import { head, line, machine } from './lib/rows.mjs';
import { startServer } from './lib/server.mjs';
import { median, printTable } from './lib/table.mjs';

const turns = 5;
const turnMs = scaled(3000, 200);
const words = 20;
const compared = scaled(500, 20);

const server = await startServer();
try {
  let series = 1;
  const rateOf = async (precision) => {
    const texts = freshTexts(words, series++);
    const next = () => request('POST', '/v1/embed', { text: texts.next().value, precision });
    return (await underLoad({ url: server.url, clients: 16, ms: turnMs }, next)).rate;
  };
  const rates = { fp32: [], int8: [] };
  for (let turn = -1; turn < turns; turn++) {
    for (const precision of ['fp32', 'int8']) {
      const rate = await rateOf(precision);
      if (turn >= 0) rates[precision].push(rate);
    }
  }
  const cosines = await nearness(await openClient(server.url), freshTexts(words, series++));
  const fp32 = median(rates.fp32);
  console.log(`int8, 16 clients, ${words} words, median of ${turns} turns of ${turnMs / 1000} s; ${machine()}`);
  printTable(head, [
    line('int8, texts', median(rates.int8), { beside: fp32, besideName: 'fp32', least: 2.3 * fp32, unit: '/s', digits: 0 }),
    line(`cosine to fp32, mean of ${compared}`, cosines.reduce((a, b) => a + b, 0) / compared, { least: 0.99, unit: '', digits: 4 }),
    line('cosine to fp32, least', Math.min(...cosines), { unit: '', digits: 4 }),
  ]);
} finally {
  await server.stop();
}

async function nearness(client, texts) {
  const cosines = [];
  for (let i = 0; i < compared; i++) {
    const { value: text } = texts.next();
    const ask = async (precision) => (await client.post('/v1/embed', { text, precision })).embedding;
    const [a, b] = [await ask('fp32'), await ask('int8')];
    // Both have length 1.
    cosines.push(a.reduce((sum, value, j) => sum + value * b[j], 0));
  }
  client.close();
  return cosines;
}
