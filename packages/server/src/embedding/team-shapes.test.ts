import { expect, test } from 'vitest';
import { teamShapes } from './team-shapes.js';

test('processes that were asked for are all there is', () => {
  expect(teamShapes({ workers: 3, threadsPerWorker: 1 }, 8)).toEqual([{ workers: 3, threads: 1 }]);
});

test('by load, one process has all cores and several share them', () => {
  const shapes = (cores: number) => teamShapes({ workers: 0, threadsPerWorker: cores }, cores);
  expect(shapes(1)).toEqual([{ workers: 1, threads: 1 }]);
  expect(shapes(2)).toEqual([
    { workers: 1, threads: 2 },
    { workers: 2, threads: 1 },
  ]);
  expect(shapes(16)).toEqual([
    { workers: 1, threads: 16 },
    { workers: 4, threads: 4 },
  ]);
});
