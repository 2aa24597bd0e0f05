import { expect, test } from 'vitest';
import { isDay, timeOf } from './time-text.js';

test('a day is one that the calendar has', () => {
  for (const day of ['2026-12-31', '2028-02-29', '0000-01-01', '9999-12-31']) expect([day, isDay(day)]).toEqual([day, true]);
  for (const none of [
    '2026-02-31',
    '2026-02-29',
    '2026-13-01',
    '2026-00-01',
    '2026-1-1',
    '26-01-01',
    '2026-01-01T00:00:00Z',
    ' 2026-01-01',
    '',
  ])
    expect([none, isDay(none)]).toEqual([none, false]);
});

test('a time is a day at midnight UTC, or has hours and a zone', () => {
  expect(timeOf('2030-01-02')?.toISOString()).toBe('2030-01-02T00:00:00.000Z');
  expect(timeOf('2030-01-02T03:04:05.678901+01:00')?.toISOString()).toBe('2030-01-02T02:04:05.678Z');
  for (const none of [
    '2030-02-31',
    '2030-02-31T00:00:00Z',
    '2030-01-01T25:00:00Z',
    '2030-01-01T00:00:00',
    '2030-01-01 00:00:00Z',
    'tomorrow',
    '',
  ])
    expect([none, timeOf(none)]).toEqual([none, undefined]);
});
