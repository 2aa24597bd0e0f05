// Searches over REST: 50,000 x 384 in clusters, cosine, HNSW16 ef 64, k = 10, JSON, one client on one kept connection; Chroma beside.
import { besideChroma, chromaSearch } from './lib/chroma.mjs';
import { askAll, request } from './lib/client.mjs';
import { corpus, nearestByCosine, recall, row, scaled } from './lib/corpus.mjs';
import { head, line, machine } from './lib/rows.mjs';
import { median, printTable, quantile } from './lib/table.mjs';

const k = 10;
const turns = 5;
const vectors = corpus({ n: scaled(50_000), seed: 11 });
const queries = corpus({ n: 200, seed: 11, draw: 2 });

const { ours, theirs, id, collection, name: besideName, stop } = await besideChroma(vectors, (i) => ({ n: i }));
try {
  const each = Array.from({ length: queries.n }, (_, q) => row(queries, q));
  const oursAsked = each.map((vector) => request('POST', `/v1/index/${id}/search`, { vector, k }));
  const theirsAsked = each.map((vector) => chromaSearch(collection, vector, k));
  const oursOnce = () => askAll(ours, oursAsked, ({ results }) => results.map((hit) => hit.id));
  const theirsOnce = () => askAll(theirs, theirsAsked, ({ ids }) => ids[0]);

  // The first round is not counted: Chroma builds what it has put off, and both warm up.
  const [oursFirst, theirsFirst] = [await oursOnce(), await theirsOnce()];
  const times = { ours: [], theirs: [] };
  for (let turn = 0; turn < turns; turn++) {
    times.ours.push(...(await oursOnce()).times);
    times.theirs.push(...(await theirsOnce()).times);
  }
  const truth = nearestByCosine(vectors, queries, k);
  console.log(`search over REST, ${vectors.n} x ${vectors.d} cosine HNSW16 ef 64, k = ${k}, one client; ${machine()}`);
  printTable(head, [
    line('p50', median(times.ours), { beside: median(times.theirs), besideName, most: 1 }),
    line('p99', quantile(times.ours, 0.99), { beside: quantile(times.theirs, 0.99), besideName, most: 4 }),
    line('recall@10', recall(truth, oursFirst.found), { beside: recall(truth, theirsFirst.found), besideName, unit: '', digits: 3 }),
  ]);
} finally {
  await stop();
}
