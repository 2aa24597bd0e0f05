// Filtered searches over REST: 50,000 x 384, cosine, HNSW16 ef 64, filters that keep 1% and 33%, at random and along the clusters; Chroma beside.
// 'repeated' filters are equalities whose values change from query to query, of 100 (1%) or 3 (33%) in all, so that a server may remember them;
// a 'fresh' filter is a range that was never asked for before. Of those along the clusters, every second keeps the query's own cluster.
import { besideChroma, chromaSearch } from './lib/chroma.mjs';
import { askAll, request } from './lib/client.mjs';
import { corpus, nearestByCosine, recall, row, scaled } from './lib/corpus.mjs';
import { head, line, machine } from './lib/rows.mjs';
import { median, printTable } from './lib/table.mjs';
import { random } from './lib/vectors.mjs';

const [k, clusters, turns] = [10, 300, 3];
/** Chroma takes long: it is asked fewer queries of a turn. */
const chromaQueries = 15;
const vectors = corpus({ n: scaled(50_000), clusters, seed: 12 });
const queries = corpus({ n: 60, clusters, seed: 12, draw: 2 });
const uniform = random(13);

const parts = [
  { name: '1%', share: 0.01, values: 100 },
  { name: '33%', share: 0.33, values: 3 },
];

/** What to filter by: a number from 0 to 1 at random, one that grows from cluster to cluster, and which 100th and which third each lies in. */
const metadata = Array.from({ length: vectors.n }, (_, i) => {
  const [dice, place] = [uniform(), (vectors.clusters[i] + uniform()) / clusters];
  const steps = ([field, value]) => parts.map(({ values }) => [`${field}${values}`, Math.floor(value * values)]);
  return { dice, place, ...Object.fromEntries(Object.entries({ dice, place }).flatMap(steps)) };
});

/** A filter for query q: a part of `field`, around the place of the query's own cluster where that is asked for. */
function filterOf({ field, share, values, fresh }, q) {
  const own = field === 'place' && q % 2 === 0;
  const middle = own ? (queries.clusters[q] + uniform()) / clusters : uniform();
  if (!fresh) return { field: `${field}${values}`, equal: Math.floor(middle * values) };
  const low = Math.min(Math.max(middle - share * uniform(), 0), 1 - share);
  return { field, low, high: low + share };
}

const holds = ({ field, equal, low, high }, row) => (equal === undefined ? row[field] >= low && row[field] < high : row[field] === equal);
const oursFilter = ({ field, equal, low, high }) => ({ [field]: equal ?? { $gte: low, $lt: high } });
const chromaFilter = ({ field, equal, low, high }) =>
  equal === undefined ? { $and: [{ [field]: { $gte: low } }, { [field]: { $lt: high } }] } : { [field]: equal };

const { ours, theirs, id, collection, name: besideName, stop } = await besideChroma(vectors, (i) => metadata[i]);
try {
  const each = Array.from({ length: queries.n }, (_, q) => row(queries, q));
  const oursAll = (filters) =>
    askAll(
      ours,
      filters.map((filter, q) => request('POST', `/v1/index/${id}/search`, { vector: each[q], k, filter: oursFilter(filter) })),
      ({ results }) => results.map((hit) => hit.id),
    );
  const theirsAll = (filters) =>
    askAll(
      theirs,
      filters.map((filter, q) => chromaSearch(collection, each[q], k, chromaFilter(filter))),
      ({ ids }) => ids[0],
    );

  const rows = [];
  for (const part of parts)
    for (const field of ['dice', 'place'])
      for (const fresh of [false, true]) {
        const filters = () => Array.from({ length: queries.n }, (_, q) => filterOf({ ...part, field, fresh }, q));
        // A round that is not counted warms up both.
        await oursAll(filters());
        await theirsAll(filters().slice(0, 5));
        const times = { ours: [], theirs: [] };
        const recalls = { ours: [], theirs: [] };
        for (let turn = 0; turn < turns; turn++) {
          const asked = filters();
          const [mine, other] = [await oursAll(asked), await theirsAll(asked.slice(0, chromaQueries))];
          times.ours.push(...mine.times);
          times.theirs.push(...other.times);
          const truth = nearestByCosine(vectors, queries, k, (q) => (i) => holds(asked[q], metadata[i]));
          recalls.ours.push(recall(truth, mine.found));
          recalls.theirs.push(recall(truth, other.found));
        }
        const what = `${part.name} ${field === 'dice' ? 'at random' : 'along clusters'}, ${fresh ? 'fresh' : 'repeated'}`;
        const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
        rows.push(
          line(`${what}: p50`, median(times.ours), { beside: median(times.theirs), besideName, most: 2 }),
          line(`${what}: recall@10`, mean(recalls.ours), { beside: mean(recalls.theirs), besideName, least: 0.98, unit: '', digits: 3 }),
        );
      }
  console.log(`filtered search over REST, ${vectors.n} x ${vectors.d} cosine HNSW16 ef 64, k = ${k}, one client; ${machine()}`);
  printTable(head, rows);
} finally {
  await stop();
}
