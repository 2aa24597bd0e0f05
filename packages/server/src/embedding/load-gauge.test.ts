import { expect, test } from 'vitest';
import { LoadGauge } from './load-gauge.js';

/** A gauge that saw a crowd, or none, from each of these times on. */
function gaugeAfter(...noted: readonly (readonly [number, boolean])[]): LoadGauge {
  const gauge = new LoadGauge();
  for (const [time, isCrowd] of noted) gauge.note(isCrowd, time);
  return gauge;
}

test('what one process runs is no crowd, however long it goes on', () => {
  const gauge = gaugeAfter(...Array.from({ length: 1000 }, (_, i) => [i * 5, false] as const));
  expect([gauge.isCrowded(5000), gauge.isLasting(5000)]).toEqual([false, false]);
});

test('a crowd lasts after a second, however long each run takes', () => {
  expect(gaugeAfter([0, true]).isCrowded(100)).toBe(true);
  expect(gaugeAfter([0, true]).isLasting(900)).toBe(false);
  expect(gaugeAfter([0, true]).isLasting(1000)).toBe(true);
  const slow = gaugeAfter([0, true], [800, false], [900, true]);
  expect([slow.isLasting(950), slow.isLasting(1000)]).toEqual([false, true]);
});

test('a pause ends a crowd, and the next one lasts from its own beginning', () => {
  const gauge = gaugeAfter([0, true], [1000, false]);
  expect([gauge.isCrowded(1200), gauge.isCrowded(1250)]).toEqual([true, false]);
  expect(gauge.calmFor(1500)).toBe(500);
  gauge.note(true, 2000);
  expect([gauge.isCrowded(2500), gauge.isLasting(2500), gauge.isLasting(3000)]).toEqual([true, false, true]);
});
