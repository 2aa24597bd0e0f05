import { describe, expect, it } from 'vitest';
import { LoneClient } from './lone-client.js';

describe('a client', () => {
  const [one, other] = [{}, {}];

  it('is alone once it has asked again and again for a while', () => {
    const client = new LoneClient();
    client.asks(one, 0);
    expect(client.isAlone(1)).toBe(false);
    client.asks(one, 150);
    expect(client.isAlone(150)).toBe(true);
  });

  it('is never alone while it takes turns with another', () => {
    const client = new LoneClient();
    for (let now = 0; now < 1000; now += 10) {
      client.asks(now % 20 === 0 ? one : other, now);
      expect(client.isAlone(now + 1)).toBe(false);
    }
  });

  it('is alone again when the other has not asked for a while', () => {
    const client = new LoneClient();
    client.asks(one, 0);
    client.asks(other, 500);
    client.asks(one, 510);
    client.asks(one, 700);
    expect(client.isAlone(700)).toBe(true);
  });
});
