// How the bare loop carries most: one process with all threads or one a thread, texts one by one or in batches. Found out each time.
import { startBare } from './bare.mjs';
import { threads } from './mini-lm.mjs';

/**
 * @returns `best({ words, batches, atHand, ms })`: tries each way for `ms` and gives the fastest as `{ name, rate: (ms) => texts a second }`.
 *   `atHand`: most texts in all processes at a time, as many as the clients beside send.
 */
export async function startBareWays() {
  const ways = await Promise.all([startBare({ threads }), startBare({ processes: threads, threads: 1 })]);
  return {
    async best({ words, batches, atHand, ms }) {
      let best;
      for (const bare of ways) {
        for (const batch of batches.filter((size) => size * bare.processes <= atHand)) {
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
