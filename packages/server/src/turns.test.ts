import { describe, expect, it } from 'vitest';
import { inRanges, inTurns, maxTurnSteps } from './turns.js';
import { longestAllowed, measureTurns } from './turns.test-help.js';

describe('work in turns', () => {
  it('is done at once when it is short: no other turn of the event loop begins meanwhile', async () => {
    let turns = 0;
    let waiting = true;
    const count = (): void => {
      turns++;
      if (waiting) setImmediate(count);
    };
    setImmediate(count);
    await inTurns(inRanges(1000, () => undefined));
    expect(turns).toBe(0);
    waiting = false;
  });

  it('yields after a bounded number of steps, however fast the machine is', async () => {
    const { longest, total } = await measureTurns(() => inTurns(inRanges(20 * maxTurnSteps, () => undefined)));
    expect(total).toBe(20 * maxTurnSteps);
    expect(longest).toBeLessThanOrEqual(longestAllowed);
  });

  it('covers every item once, in ranges of whole words', async () => {
    const seen: [number, number][] = [];
    await inTurns(inRanges(100_001, (from, to) => void seen.push([from, to]), 7));
    expect(seen[0]?.[0]).toBe(0);
    for (const [at, [from]] of seen.entries()) if (at > 0) expect([from, from % 32]).toEqual([seen[at - 1]?.[1], 0]);
    expect(seen.at(-1)?.[1]).toBe(100_001);
  });
});
