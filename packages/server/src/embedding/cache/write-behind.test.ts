import { expect, test } from 'vitest';
import { keyOf } from '../testing.js';
import { type Entry, WriteBehind } from './write-behind.js';

const entry = (text: string, values = 384): Entry => ({
  key: keyOf(text),
  value: { vector: new Float32Array(values), tokens: 1, truncated: false, dropped: 0 },
});

test('entries are written after the code that brought them, together and in order', async () => {
  const written: string[][] = [];
  const writes = new WriteBehind(async (entries) => void written.push(entries.map(({ key }) => key)));
  for (let i = 0; i < 150; i++) writes.push(entry(`${i}`));
  await Promise.resolve();
  expect(written).toEqual([]);
  await writes.flushed();
  expect(written.map(({ length }) => length)).toEqual([64, 64, 22]);
  expect(written.flat()).toEqual(Array.from({ length: 150 }, (_, i) => keyOf(`${i}`)));
  writes.push(entry('later'));
  await writes.flushed();
  expect(written.at(-1)).toEqual([keyOf('later')]);
});

test('one message is under way at a time, and what finds no room in memory is dropped', async () => {
  let underWay = 0;
  let most = 0;
  let release = (): void => undefined;
  const blocked = new Promise<void>((resolve) => (release = resolve));
  const writes = new WriteBehind(async () => {
    most = Math.max(most, ++underWay);
    await blocked;
    underWay--;
  });
  const megabyte = 2 ** 18;
  for (let i = 0; i < 20; i++) writes.push(entry(`${i}`, megabyte - 64));
  expect(writes.dropped).toBe(12);
  release();
  await writes.flushed();
  writes.push(entry('room again', megabyte));
  await writes.flushed();
  expect([writes.dropped, most]).toEqual([12, 1]);
});
