// The bare loop in processes of its own, so that neither side disturbs the other: one process or several, each with its threads.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('./bare-loop.mjs', import.meta.url));
/** Far from what the benchmarks themselves draw. */
let series = 100;

/** @returns `vector({ text })` and `times({ words, count })` of the first process; `rate({ words, batch, ms })` of all together, at the same time */
export async function startBare({ processes = 1, threads }) {
  const children = await Promise.all(
    Array.from({ length: processes }, async () => {
      const child = fork(program, [String(threads), String((series += 20))]);
      const [word] = await once(child, 'message');
      if (word !== 'ready') throw new Error(`the bare loop said ${word}`);
      return child;
    }),
  );
  const ask = async (child, message) => {
    const answered = once(child, 'message');
    child.send(message);
    return (await answered)[0];
  };
  return {
    name: `${processes} x ${threads} threads`,
    processes,
    vector: (about) => ask(children[0], { name: 'vector', ...about }),
    times: (about) => ask(children[0], { name: 'times', ...about }),
    rate: async (about) => {
      const rates = await Promise.all(children.map((child) => ask(child, { name: 'rate', ...about })));
      return rates.reduce((sum, rate) => sum + rate, 0);
    },
    stop: () =>
      Promise.all(
        children.map(async (child) => {
          const gone = once(child, 'exit');
          child.disconnect();
          await gone;
        }),
      ),
  };
}
