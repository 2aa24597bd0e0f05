import { Index } from '@voisin/faiss';
import { describe, expect, it } from 'vitest';
import { Columns } from './filter/index.js';
import { Generation, Placement } from './generation.js';
import { inTurns } from '../turns.js';

const noMetadata = async function* (): AsyncGenerator<never> {};
const make = async (placed: readonly (readonly [number, string])[] = []): Promise<Generation> =>
  new Generation(
    await Index.fromFactory(2, 'Flat'),
    { family: 'flat' },
    await inTurns(Placement.of(placed)),
    ({ size }) => new Columns(noMetadata, { rows: size }),
  );
const row = (number: number): { row: number; id: string } => ({ row: number, id: `v${number}` });

describe('a generation', () => {
  it('knows rows by position and positions by row, through many additions and deaths', async () => {
    const generation = await make([[3, 'v3'], [5, ''], [9, 'v9']]); // prettier-ignore
    for (let number = 10; number < 5000; number += 3) generation.append([row(number)]);
    expect(generation.dead).toBe(1);
    const dying = await inTurns(generation.positionsOf([9, 13, 4999, 4, 5]));
    generation.kill(dying);
    generation.kill(dying);
    await inTurns(generation.forget(dying));
    expect([generation.size, generation.dead, generation.alive]).toEqual([1667, 4, 1663]);
    expect([3, 5, 9, 10, 4].map((number) => generation.positionOf(number))).toEqual([0, 1, 2, 3, undefined]);
    expect([0, 1, 2, 3].map((position) => generation.isLive(position))).toEqual([true, false, false, true]);
    expect([0, 1, 2, 3].map((position) => generation.idAt(position))).toEqual(['v3', '', '', 'v10']);
    expect([generation.firstAfter(0), generation.firstAfter(9), generation.firstAfter(1e9)]).toEqual([0, 3, 1667]);
    expect(generation.isLive(1667)).toBe(false);
    expect(generation.live.reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0)).toBe(1663);
  });

  it('releases the memory of FAISS when it is retired and its last user is gone', async () => {
    const generation = await make();
    let end = (): void => undefined;
    const use = generation.pin(() => new Promise<void>((resolve) => (end = resolve)));
    generation.retire();
    await expect(generation.faiss.search(new Float32Array(2), 1)).resolves.toBeDefined();
    end();
    await use;
    await expect(generation.faiss.search(new Float32Array(2), 1)).rejects.toMatchObject({ code: 'ERR_FAISS_RELEASED' });
  });
});
