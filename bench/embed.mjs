// One text a request, 5, 20 and 50 words, one client: /v1/embed beside a bare onnxruntime-node loop and beside fastembed behind uvicorn.
import { setTimeout as pause } from 'node:timers/promises';
import { startBare } from './lib/bare.mjs';
import { openClient, request } from './lib/client.mjs';
import { scaled } from './lib/corpus.mjs';
import { startFastembed } from './lib/fastembed.mjs';
import { freshTexts, textOf, threads } from './lib/mini-lm.mjs';
import { head, line, machine } from './lib/rows.mjs';
import { startServer } from './lib/server.mjs';
import { printTable, quantile } from './lib/table.mjs';
import { together } from './lib/together.mjs';

const turns = scaled(40, 2);
const callsATurn = 25;
const warmUps = scaled(500, 20);
const percentiles = { p50: 0.5, p95: 0.95, p99: 0.99 };

await together(
  { server: startServer, fastembed: startFastembed, bare: () => startBare({ threads }) },
  async ({ server, fastembed, bare }) => {
    const [ours, theirs] = await Promise.all([openClient(server.url), openClient(fastembed.url)]);
    let series = 1;
    const overHttp = async (client, { words, count }) => {
      const texts = freshTexts(words, series++);
      const times = [];
      for (let i = 0; i < count; i++) {
        const one = request('POST', '/v1/embed', { text: texts.next().value });
        const began = performance.now();
        await client.ask(one);
        times.push(performance.now() - began);
      }
      return times;
    };
    const sides = {
      ours: (about) => overHttp(ours, about),
      bare: (about) => bare.times(about),
      fastembed: (about) => overHttp(theirs, about),
    };
    await requireSameVectors({ ours, theirs, bare });
    // A server of some seconds: V8 has compiled what every request runs, Python has made its threads.
    for (const side of Object.values(sides)) await side({ words: 20, count: warmUps });
    const rows = [];
    for (const words of [5, 20, 50]) {
      const times = { ours: [], bare: [], fastembed: [] };
      for (let turn = -2; turn < turns; turn++) {
        for (const [name, side] of Object.entries(sides)) {
          // ONNX Runtime's threads spin for some milliseconds after a run: those of the side before would take this one's cores.
          await pause(50);
          const taken = await side({ words, count: callsATurn });
          // Two turns of each length warm all sides up.
          if (turn >= 0) times[name].push(...taken);
        }
      }
      const ofBare = quantile(times.bare, 0.5);
      rows.push(
        line(`${words} words: p50`, quantile(times.ours, 0.5), { beside: ofBare, besideName: 'bare loop', most: 1.1 * ofBare + 0.5 }),
      );
      for (const [name, q] of Object.entries(percentiles)) {
        const beside = quantile(times.fastembed, q);
        rows.push(line(`${words} words: ${name}`, quantile(times.ours, q), { beside, besideName: fastembed.name, most: beside }));
      }
    }
    console.log(`/v1/embed, one client, ${turns * callsATurn} new texts of each length; ${threads} threads beside; ${machine()}`);
    printTable(head, rows);
    ours.close();
    theirs.close();
  },
);

/** Sides that do other work are not worth comparing. */
async function requireSameVectors({ ours, theirs, bare }) {
  const text = textOf(20, 1);
  const [a, b, c] = [
    (await ours.post('/v1/embed', { text })).embedding,
    (await theirs.post('/v1/embed', { text })).embedding,
    await bare.vector({ text }),
  ];
  for (const [name, other] of Object.entries({ fastembed: b, 'the bare loop': c })) {
    const cosine = a.reduce((sum, value, i) => sum + value * other[i], 0);
    if (!(cosine > 0.9999)) throw new Error(`${name} gives another vector than the server: cosine ${cosine}`);
  }
}
