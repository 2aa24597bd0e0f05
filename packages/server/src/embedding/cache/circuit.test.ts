import { expect, test } from 'vitest';
import { Circuit } from './circuit.js';

const after = (outcomes: string): boolean => {
  const circuit = new Circuit();
  for (const outcome of outcomes) {
    if (outcome === 'x') circuit.failed();
    else circuit.succeeded();
  }
  return circuit.isOpen;
};

test('three failures in a row open it, two do not', () => {
  expect([after('xx'), after('xxx'), after('....xxx'), after('xx.........x')]).toEqual([false, true, true, false]);
});

test('failures now and then are borne, many of them are not', () => {
  expect(after('x.........'.repeat(50))).toBe(false);
  expect(after('x...'.repeat(10))).toBe(true);
});

test('it stays open until it is closed', () => {
  const circuit = new Circuit();
  for (let i = 0; i < 3; i++) circuit.failed();
  for (let i = 0; i < 100; i++) circuit.succeeded();
  expect(circuit.isOpen).toBe(true);
  circuit.close();
  expect(circuit.isOpen).toBe(false);
  circuit.failed();
  expect(circuit.isOpen).toBe(false);
});
