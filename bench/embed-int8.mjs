// int8 beside fp32 of the same server: texts of 20 words a second with 16 clients, how near the vectors are, and what is found by them.
import { openClient, request } from './lib/client.mjs';
import { scaled } from './lib/corpus.mjs';
import { documentSentences } from './lib/document-sentences.mjs';
import { cosines, overlap, spearman } from './lib/likeness.mjs';
import { underLoad } from './lib/load.mjs';
import { freshTexts } from './lib/mini-lm.mjs';
import { head, line, machine } from './lib/rows.mjs';
import { sentencePairs, sentences } from './lib/sentence-pairs.mjs';
import { startServer } from './lib/server.mjs';
import { median, printTable } from './lib/table.mjs';

const turns = 5;
const turnMs = scaled(3000, 200);
const words = 20;

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
  const { near, kept, agreement, graded } = await quality(await openClient(server.url));
  const fp32 = median(rates.fp32);
  console.log(`int8, 16 clients, ${words} words, median of ${turns} turns of ${turnMs / 1000} s; ${machine()}`);
  printTable(head, [
    line('int8, texts', median(rates.int8), { beside: fp32, besideName: 'fp32', least: 2.3 * fp32, unit: '/s', digits: 0 }),
    line(`cosine to fp32, mean of ${near.length}`, near.reduce((a, b) => a + b, 0) / near.length, { least: 0.99, unit: '', digits: 4 }),
    line('cosine to fp32, least', Math.min(...near), { unit: '', digits: 4 }),
    line("of fp32's 10 nearest, int8's too", kept * 100, { unit: '%', digits: 1 }),
    line(`rank of ${sentencePairs.length} pairs by both, Spearman`, agreement, { unit: '', digits: 4 }),
    line('rank by int8 and by grade, Spearman', graded.int8, { beside: graded.fp32, besideName: 'fp32', unit: '', digits: 4 }),
  ]);
} finally {
  await server.stop();
}

/** On sentences of the project's documents and graded pairs of sentences. */
async function quality(client) {
  const texts = [...sentences, ...(await documentSentences(scaled(500, 20)))];
  const ask = async (text, precision) => (await client.post('/v1/embed', { text, precision })).embedding;
  const vectors = { fp32: [], int8: [] };
  for (const text of texts) {
    for (const precision of ['fp32', 'int8']) vectors[precision].push(await ask(text, precision));
  }
  client.close();
  const of = (precision, text) => vectors[precision][texts.indexOf(text)];
  const likeness = (precision) =>
    cosines(
      sentencePairs.map(({ a }) => of(precision, a)),
      sentencePairs.map(({ b }) => of(precision, b)),
    );
  const grades = sentencePairs.map(({ grade }) => grade);
  return {
    near: cosines(vectors.fp32, vectors.int8),
    kept: overlap(vectors.fp32, vectors.int8, 10),
    agreement: spearman(likeness('fp32'), likeness('int8')),
    graded: { fp32: spearman(likeness('fp32'), grades), int8: spearman(likeness('int8'), grades) },
  };
}
