// An answer that is wanted within a few milliseconds, or not at all.

export class TooLate extends Error {
  constructor(milliseconds: number) {
    super(`no answer within ${milliseconds} ms`);
    this.name = 'TooLate';
  }
}

/**
 * The answer, or TooLate. When this process itself was busy for the whole time, the answer may lie in the socket unread: so when the time is
 * up, the event loop looks at its sockets once more before that counts as late.
 */
export function inTime<T>(answer: Promise<T>, milliseconds: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => setImmediate(() => reject(new TooLate(milliseconds))), milliseconds);
    answer.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
