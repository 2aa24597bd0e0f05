// What a process keeps of the memory that it freed. In processes of their own: a heap remembers everything that was done with it.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const addon = fileURLToPath(new URL('../src/index.js', import.meta.url));

/**
 * MB that a process gives back after it freed 60 MB of blocks of `kib` KiB which lay between small ones that it kept. V8 frees buffers on a thread of its
 * own, so they are waited for, five seconds at most.
 */
function givenBack({ kib, trim }: { kib: number; trim: boolean }): number {
  const program = `
    import { setTimeout as pause } from 'node:timers/promises';
    import { trimHeap } from ${JSON.stringify(addon)};
    const size = () => process.memoryUsage.rss() / 1e6;
    // glibc raises its threshold for blocks with a mapping of their own when one is freed, unless it was told a threshold.
    Buffer.allocUnsafeSlow(16 * 2 ** 20).fill(1);
    gc();
    const kept = [];
    let freed = [];
    for (let i = 0; i < ${Math.ceil(60_000 / kib)}; i++) {
      freed.push(Buffer.allocUnsafeSlow(${kib * 1024}).fill(1));
      kept.push(Buffer.allocUnsafeSlow(1024).fill(1));
    }
    const filled = size();
    freed = [];
    gc();
    for (let i = 0; i < 500 && filled - size() < 50; i++) {
      await pause(10);
      if (${trim}) await trimHeap();
    }
    console.log(filled - size(), kept.length);
  `;
  const said = execFileSync(process.execPath, ['--expose-gc', '--input-type=module', '-e', program], { encoding: 'utf8' });
  return Number(said.split(' ')[0]);
}

test('blocks of 256 KB and more go back to the system when they are freed', () => {
  expect(givenBack({ kib: 300, trim: false })).toBeGreaterThanOrEqual(50);
});

test('trimHeap gives smaller ones back', () => {
  expect(givenBack({ kib: 60, trim: true })).toBeGreaterThanOrEqual(50);
});
