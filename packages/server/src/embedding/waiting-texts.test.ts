import { expect, test } from 'vitest';
import { WaitingTexts } from './waiting-texts.js';

const text = (name: string, length = 10, alone = false) => ({ name, length, alone });
const one = { tokens: 10 };

function filled(): WaitingTexts<ReturnType<typeof text>> {
  const waiting = new WaitingTexts<ReturnType<typeof text>>();
  for (let i = 0; i < 100; i++) waiting.add(text(`bulk ${i}`), 'bulk');
  for (let i = 0; i < 100; i++) waiting.add(text(`query ${i}`), 'query');
  return waiting;
}
const names = (texts: readonly { name: string }[]): string[] => texts.map(({ name }) => name);

test('queries run before bulk, each kind in order of arrival', () => {
  const waiting = filled();
  expect(names(waiting.take({ tokens: 30 }))).toEqual(['query 0', 'query 1', 'query 2']);
  expect(names(waiting.take(one))).toEqual(['query 3']);
});

test('bulk has every seventeenth run, however many queries come', () => {
  const waiting = filled();
  const runs = Array.from({ length: 36 }, () => waiting.take(one)[0]?.name ?? '');
  expect(runs.flatMap((name, run) => (name.startsWith('bulk') ? [run] : []))).toEqual([16, 33]);
});

test('bulk that somebody asks for as a query overtakes the rest', () => {
  const waiting = new WaitingTexts<ReturnType<typeof text>>();
  const [first, hurried] = [text('first'), text('hurried')];
  waiting.add(first, 'bulk');
  waiting.add(hurried, 'bulk');
  waiting.hurry(hurried);
  expect(waiting.take(one)).toEqual([hurried]);
  expect(waiting.take(one)).toEqual([first]);
});

test('texts and tokens that wait are counted, whichever way texts come and go', () => {
  const waiting = new WaitingTexts<ReturnType<typeof text>>();
  const [a, b, c] = [text('a', 5), text('b', 7), text('c', 11)];
  waiting.add(a, 'query');
  waiting.add(b, 'bulk');
  waiting.addFirst([c], 'bulk');
  expect([waiting.size, waiting.tokens, waiting.has(b)]).toEqual([3, 23, true]);
  expect([waiting.delete(b), waiting.delete(b)]).toEqual([true, false]);
  expect(names(waiting.take(one))).toEqual(['a']);
  expect([waiting.size, waiting.tokens]).toEqual([1, 11]);
  expect([...waiting]).toEqual([c]);
});

test('texts that run again stand before the others', () => {
  const waiting = new WaitingTexts<ReturnType<typeof text>>();
  waiting.add(text('new'), 'query');
  waiting.addFirst([text('again', 10, true), text('again too', 10, true)], 'query');
  expect([waiting.take(one), waiting.take(one), waiting.take(one)].map((batch) => names(batch))).toEqual([
    ['again'],
    ['again too'],
    ['new'],
  ]);
});
