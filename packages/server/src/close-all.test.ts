import { expect, it } from 'vitest';
import { closeAll } from './close-all.js';

it('closes what comes after a part that could not be closed, and tells of all that failed', async () => {
  const closed: number[] = [];
  const step = (number: number, fails: boolean) => async (): Promise<void> => {
    closed.push(number);
    if (fails) throw new Error(`part ${number}`);
  };
  await expect(closeAll([step(1, true), step(2, false), step(3, true)])).rejects.toMatchObject({
    errors: [new Error('part 1'), new Error('part 3')],
    message: '2 parts could not be closed in order: part 1; part 3',
  });
  expect(closed).toEqual([1, 2, 3]);
  await expect(closeAll([step(4, true), step(5, false)])).rejects.toThrow(/^part 4$/);
  await closeAll([step(6, false)]);
  expect(closed).toEqual([1, 2, 3, 4, 5, 6]);
});
