// Threads of a process as the kernel numbers them, and what a tuned process looks like from outside.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { byAge } from './tune-node.js';

test('threads are in order of age where other processes took ids between', () => {
  expect(byAge([812, 99, 807, 805, 1004], 99)).toEqual([805, 807, 812, 1004]);
});

test('threads are in order of age where ids began anew', () => {
  expect(byAge([4_194_300, 4_194_303, 301, 302], 4_194_300)).toEqual([4_194_303, 301, 302]);
});

test.runIf(process.platform === 'linux')("Node's own five helpers give way, the event loop and the threads that came later do not", () => {
  const tuned = fileURLToPath(new URL('./tune-node.js', import.meta.url));
  const program = `
    import { readdirSync, readFileSync } from 'node:fs';
    import { access } from 'node:fs/promises';
    import { byAge, tuneNode } from ${JSON.stringify(tuned)};
    tuneNode();
    // The pool of libuv has its threads by now.
    await Promise.all(Array.from({ length: 8 }, () => access('/')));
    const nice = (id) => Number(readFileSync('/proc/self/task/' + id + '/stat', 'utf8').split(') ')[1].split(' ')[16]);
    const others = byAge(readdirSync('/proc/self/task').map(Number), process.pid);
    console.log(JSON.stringify([process.pid, ...others].map(nice)));
  `;
  const nices: number[] = JSON.parse(execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' }));
  expect(nices.slice(0, 6)).toEqual([0, 10, 10, 10, 10, 10]);
  expect(nices.length).toBeGreaterThan(6);
  expect(nices.slice(6).every((nice) => nice === 0)).toBe(true);
});
