import { expect, it } from 'vitest';
import { accepts, qualityOf } from './accept.js';

const type = 'application/octet-stream';

it.each([
  [undefined, 0],
  ['', 0],
  ['*/*', 0],
  ['application/*', 0],
  ['application/octet-stream', 1],
  ['Application/Octet-Stream', 1],
  ['application/octet-stream;q=0', 0],
  ['application/octet-stream; Q=0.000', 0],
  ['application/octet-stream ; version=1 ; q=0.25', 0.25],
  ['application/octet-stream;q=much', 0],
  ['application/octet-stream-foo, x-application/octet-stream', 0],
  ['application/json;q=0.5,application/octet-stream;q=0.9, */*;q=0.1', 0.9],
  ['application/octet-stream;q=0, application/octet-stream;q=0.5', 0.5],
])('of %s', (header, quality) => {
  expect([qualityOf(header, type), accepts(header, type)]).toEqual([quality, quality > 0]);
});
