import { describe, expect, it } from 'vitest';
import { CommitQueue } from './commit-queue.js';

const limits = { queueBytes: 100, groupBytes: 30 };

/** A queue whose commits end when they are told to. */
function slowQueue(): { queue: CommitQueue<string, string>; groups: string[]; end: (error?: Error) => Promise<void> } {
  const groups: string[] = [];
  const waiting: { resolve: (results: string[]) => void; reject: (error: Error) => void; results: string[] }[] = [];
  const queue = new CommitQueue<string, string>((changes) => {
    groups.push(changes.join(''));
    return new Promise((resolve, reject) => waiting.push({ resolve, reject, results: changes.map((change) => `${change}!`) }));
  }, limits);
  const end = async (error?: Error): Promise<void> => {
    const commit = waiting.shift();
    if (error === undefined) commit?.resolve(commit.results);
    else commit?.reject(error);
    await new Promise(setImmediate);
  };
  return { queue, groups, end };
}

describe('the line of changes', () => {
  it('commits what came meanwhile as one group, in order, up to the bytes of a group', async () => {
    const { queue, groups, end } = slowQueue();
    const results = Promise.all(['a', 'b', 'c', 'd'].map((change) => queue.submit(change, 15)));
    expect(queue.waiting).toBe(3);
    for (let commit = 0; commit < 3; commit++) await end();
    expect(groups).toEqual(['a', 'bc', 'd']);
    expect(await results).toEqual(['a!', 'b!', 'c!', 'd!']);
  });

  it('takes a change that is larger than a group, and one larger than the queue when it is empty', async () => {
    const { queue, groups, end } = slowQueue();
    const large = queue.submit('a', 1000);
    await expect(queue.submit('b', 1)).rejects.toMatchObject({ code: 'unavailable', details: { retryAfterSeconds: 1 } });
    await end();
    expect(await large).toBe('a!');
    expect(groups).toEqual(['a']);
  });

  it('refuses at once what does not fit, and takes changes again later', async () => {
    const { queue, end } = slowQueue();
    const first = queue.submit('a', 60);
    const second = queue.submit('b', 40);
    await expect(queue.submit('c', 1)).rejects.toThrow(/too many changes wait for this index \(100 bytes; the limit is 100\)/);
    await end();
    await first;
    const third = queue.submit('c', 60);
    await end();
    await end();
    expect(await Promise.all([second, third])).toEqual(['b!', 'c!']);
  });

  it('tells every change of a group that its commit failed, and goes on', async () => {
    const { queue, end } = slowQueue();
    const before = queue.submit('a', 1);
    const failing = Promise.allSettled([queue.submit('b', 1), queue.submit('c', 1)]);
    await end();
    await before;
    await end(new Error('disk'));
    expect((await failing).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    const after = queue.submit('d', 1);
    await end();
    expect(await after).toBe('d!');
  });

  it('runs a piece of work alone, between the changes before it and those after it, also when it fails', async () => {
    const { queue, groups, end } = slowQueue();
    const first = queue.submit('a', 1);
    const failed = expect(
      queue.alone(async () => {
        groups.push('alone');
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    const after = [queue.submit('b', 1), queue.submit('c', 1)];
    await end();
    await failed;
    await end();
    expect(await Promise.all([first, ...after])).toEqual(['a!', 'b!', 'c!']);
    expect(groups).toEqual(['a', 'alone', 'bc']);
  });
});
