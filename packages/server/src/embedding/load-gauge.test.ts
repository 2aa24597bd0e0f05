import { expect, test } from 'vitest';
import { LoadGauge } from './load-gauge.js';

/** A gauge that saw so many texts under way at these times. */
function gaugeAfter(texts: number, times: readonly number[]): LoadGauge {
  const gauge = new LoadGauge();
  for (const time of times) gauge.note(texts, time);
  return gauge;
}
const every = (step: number, until: number): number[] => Array.from({ length: until / step + 1 }, (_, i) => i * step);

test('texts one after another are no crowd, however many they are', () => {
  const gauge = gaugeAfter(1, every(5, 5000));
  expect([gauge.isCrowded(5000), gauge.isLasting(5000)]).toEqual([false, false]);
});

test('texts at the same time are a crowd, and a lasting one after a second', () => {
  expect(gaugeAfter(2, [0]).isCrowded(100)).toBe(true);
  expect(gaugeAfter(2, every(100, 900)).isLasting(900)).toBe(false);
  expect(gaugeAfter(2, every(100, 1000)).isLasting(1000)).toBe(true);
});

test('a pause ends a crowd, and the next one lasts from its own beginning', () => {
  const gauge = gaugeAfter(2, every(100, 1000));
  expect(gauge.isCrowded(1500)).toBe(false);
  gauge.note(2, 2000);
  expect([gauge.isCrowded(2000), gauge.isLasting(2000)]).toEqual([true, false]);
  expect(gauge.calmFor(2500)).toBe(500);
});
