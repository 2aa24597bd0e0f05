// What comes over the wire: bytes, lines, errors of all kinds.
import { expect, it } from 'vitest';
import { answerError } from './answer-error.js';
import { VoisinClient } from './client.js';
import { VoisinError } from './errors.js';
import { floatsOf, numbersOf } from './floats.js';
import { jsonLines } from './lines.js';

it('reads base64 of float32 values bit by bit', () => {
  const values = Float32Array.of(0, -0, 1.5, 1e-45, 3.4028235e38, Number.NaN, -Infinity);
  const read = floatsOf(Buffer.from(values.buffer).toString('base64'));
  expect(new Uint32Array(read.buffer)).toEqual(new Uint32Array(values.buffer));
  expect(floatsOf('')).toHaveLength(0);
});

it('refuses what is no base64 of float32 values', () => {
  for (const bad of ['***', 'AAA=', undefined, [0.1]]) expect(() => floatsOf(bad)).toThrow(VoisinError);
});

it('says typed arrays as JSON numbers', () => {
  expect(JSON.stringify(numbersOf(Float32Array.of(1, 0.5)))).toBe('[1,0.5]');
  expect(JSON.stringify(numbersOf([1, 2]))).toBe('[1,2]');
});

it('reads JSON lines wherever the pieces are cut', async () => {
  const bytes = new TextEncoder().encode('{"a":"é"}\n\n{"b":2}\n{"c":3}');
  for (let cut = 1; cut < bytes.length; cut++) {
    const lines = jsonLines(new Blob([bytes.slice(0, cut), bytes.slice(cut)]).stream());
    const read: unknown[] = [];
    for await (const line of lines) read.push(line);
    expect(read).toEqual([{ a: 'é' }, { b: 2 }, { c: 3 }]);
  }
});

const errorOf = (status: number, body: string, headers: Record<string, string> = {}): VoisinError =>
  answerError(new Response(null, { status, headers }), body);

it('makes one error of Voisin’s own body', () => {
  const body = JSON.stringify({ error: { code: 'invalid_argument', message: 'k: got 0', details: { field: 'k' }, request_id: 'abc' } });
  expect(errorOf(400, body)).toMatchObject({
    name: 'VoisinError',
    code: 'invalid_argument',
    message: 'k: got 0',
    status: 400,
    requestId: 'abc',
    details: { field: 'k' },
  });
});

it('makes one error of OpenAI’s body, with the header’s wait and request id', () => {
  const body = JSON.stringify({ error: { message: 'over', type: 'insufficient_quota', param: 'input', code: 'insufficient_quota' } });
  expect(errorOf(429, body, { 'retry-after': '9', 'x-request-id': 'r1' })).toMatchObject({
    code: 'quota_exceeded',
    requestId: 'r1',
    details: { field: 'input', retryAfterSeconds: 9 },
  });
});

it('makes one error of a route that says it in a string', () => {
  const body = JSON.stringify({ error: 'no such project', code: 'not_found', request_id: 'r2' });
  expect(errorOf(404, body)).toMatchObject({ code: 'not_found', message: 'no such project', requestId: 'r2' });
});

it('goes by the status where a proxy answers', () => {
  expect(errorOf(502, '<html>Bad Gateway</html>')).toMatchObject({ code: 'unavailable', message: expect.stringContaining('Bad Gateway') });
  expect(errorOf(413, '')).toMatchObject({ code: 'payload_too_large' });
  expect(errorOf(418, '{"error":{"code":"teapot"}}')).toMatchObject({ code: 'invalid_argument' });
  expect(errorOf(599, 'null')).toMatchObject({ code: 'internal' });
});

it('refuses an address or a key that can be none, before anything is sent', () => {
  for (const url of ['voisin', 'ftp://x', 'http://user:pass@x', 'http://x?y=1', '']) {
    expect(() => new VoisinClient({ url })).toThrow(/^url: expected an address/);
  }
  for (const key of ['', 'two words', 'snow☃', 'line\nbreak']) expect(() => new VoisinClient({ key })).toThrow(/^key: /);
  expect(() => new VoisinClient({ key: 'clé' })).not.toThrow();
});
