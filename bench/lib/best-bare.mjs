// How the bare loop carries most: one process with all threads or one a thread, texts one by one or in batches. Found out each time.
import { startBare } from './bare.mjs';
import { threads } from './mini-lm.mjs';

/** @returns `best({ words, batches, ms })`: tries each way for `ms` and gives the fastest as `{ name, rate: (ms) => texts a second }` */
export async function startBareWays() {
  const ways = await Promise.all([startBare({ threads }), startBare({ processes: threads, threads: 1 })]);
  return {
    async best({ words, batches, ms }) {
      let best;
      for (const bare of ways) {
        for (const batch of batches) {
          const about = { words, batch };
          await bare.rate({ ...about, ms: ms / 4 });
          const tried = await bare.rate({ ...about, ms });
          if (best === undefined || tried > best.tried) {
            best = { tried, name: `bare ${bare.name}, ${batch} at once:`, rate: (time) => bare.rate({ ...about, ms: time }) };
          }
        }
      }
      return best;
    },
    stop: () => Promise.all(ways.map((bare) => bare.stop())),
  };
}
