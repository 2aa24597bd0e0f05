import { expect, test } from 'vitest';
import { LoadGauge } from './load-gauge.js';

/** A gauge that saw so many texts under way from each of these times on. */
function gaugeAfter(...noted: readonly (readonly [number, number])[]): LoadGauge {
  const gauge = new LoadGauge();
  for (const [time, texts] of noted) gauge.note(texts, time);
  return gauge;
}

test('texts one after another are no crowd, however many they are', () => {
  const gauge = gaugeAfter(...Array.from({ length: 1000 }, (_, i) => [i * 5, i % 2] as const));
  expect([gauge.isCrowded(5000), gauge.isLasting(5000)]).toEqual([false, false]);
});

test('texts at the same time are a crowd, and a lasting one after a second, however long each run takes', () => {
  expect(gaugeAfter([0, 2]).isCrowded(100)).toBe(true);
  expect(gaugeAfter([0, 2]).isLasting(900)).toBe(false);
  expect(gaugeAfter([0, 16]).isLasting(1000)).toBe(true);
  const slow = gaugeAfter([0, 16], [800, 0], [900, 16]);
  expect([slow.isLasting(950), slow.isLasting(1000)]).toEqual([false, true]);
});

test('a pause ends a crowd, and the next one lasts from its own beginning', () => {
  const gauge = gaugeAfter([0, 2], [1000, 1]);
  expect([gauge.isCrowded(1200), gauge.isCrowded(1250)]).toEqual([true, false]);
  expect(gauge.calmFor(1500)).toBe(500);
  gauge.note(2, 2000);
  expect([gauge.isCrowded(2500), gauge.isLasting(2500), gauge.isLasting(3000)]).toEqual([true, false, true]);
});
