// Embeddings a second: 16 clients with single texts of 5, 20 and 50 words, 4 clients with batches of 32; the best bare loop and fastembed beside.
import { startBareWays } from './lib/best-bare.mjs';
import { request } from './lib/client.mjs';
import { scaled } from './lib/corpus.mjs';
import { startFastembed } from './lib/fastembed.mjs';
import { underLoad } from './lib/load.mjs';
import { freshTexts, threads } from './lib/mini-lm.mjs';
import { head, line, machine } from './lib/rows.mjs';
import { startServer } from './lib/server.mjs';
import { median, printTable } from './lib/table.mjs';
import { together } from './lib/together.mjs';

const turns = 3;
const turnMs = scaled(1800, 200);
const tryMs = scaled(400, 100);
const batchSize = 32;

await together({ server: startServer, fastembed: startFastembed, bare: startBareWays }, async ({ server, fastembed, bare }) => {
  const rows = [];
  const unit = '/s';
  let series = 1;
  /** Median rates of the three sides, by turns; one turn before warms them up. */
  const compare = async ({ words, batches, clients, weight, next }) => {
    const best = await bare.best({ words, batches, atHand: clients * weight, ms: tryMs });
    const texts = freshTexts(words, series++);
    const overHttp = (url) => underLoad({ url, clients, ms: turnMs, weight }, () => next(texts)).then(({ rate }) => rate);
    const sides = { ours: () => overHttp(server.url), bare: () => best.rate(turnMs), fastembed: () => overHttp(fastembed.url) };
    const rates = { ours: [], bare: [], fastembed: [] };
    for (let turn = -1; turn < turns; turn++) {
      for (const [name, side] of Object.entries(sides)) {
        const rate = await side();
        if (turn >= 0) rates[name].push(rate);
      }
    }
    return { best, ours: median(rates.ours), bare: median(rates.bare), fastembed: median(rates.fastembed) };
  };

  for (const words of [5, 20, 50]) {
    const next = (texts) => request('POST', '/v1/embed', { text: texts.next().value });
    const found = await compare({ words, batches: [1, 4, 8, 16], clients: 16, weight: 1, next });
    const what = `${words} words, 16 clients`;
    rows.push(
      line(what, found.ours, { beside: found.bare, besideName: found.best.name, least: 0.85 * found.bare, unit, digits: 0 }),
      line(what, found.ours, { beside: found.fastembed, besideName: fastembed.name, least: 1.5 * found.fastembed, unit, digits: 0 }),
    );
  }
  const many = (texts) => ({ model_name: 'all-MiniLM-L6-v2', texts: Array.from({ length: batchSize }, () => texts.next().value) });
  const next = (texts) => request('POST', '/embed/batch', many(texts));
  const found = await compare({ words: 20, batches: [1, 8, 16, 32], clients: 4, weight: batchSize, next });
  const what = `batches of ${batchSize} x 20 words, 4 clients`;
  rows.push(
    line(what, found.ours, { beside: found.bare, besideName: found.best.name, least: 0.9 * found.bare, unit, digits: 0 }),
    line(what, found.ours, { beside: found.fastembed, besideName: fastembed.name, unit, digits: 0 }),
  );
  console.log(`new texts a second, median of ${turns} turns of ${turnMs / 1000} s; ${threads} threads in all beside; ${machine()}`);
  printTable(head, rows);
});
