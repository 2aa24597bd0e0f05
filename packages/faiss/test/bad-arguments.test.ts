// No argument ends the process.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

test('thousands of bad arguments are refused with a code and the process lives', () => {
  const script = fileURLToPath(new URL('./bad-arguments.child.js', import.meta.url));
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [script], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    timeout: 100_000,
  });
  const lines = stdout.trimEnd().split('\n');
  expect({ status, signal, during: status === 0 ? '' : lines.at(-1), stderr }).toEqual({ status: 0, signal: null, during: '', stderr: '' });
  const { tried, wrong } = JSON.parse(lines.at(-1) ?? '{}') as { tried: number; wrong: string[] };
  expect(wrong).toEqual([]);
  expect(tried).toBeGreaterThan(3000);
}, 120_000);
