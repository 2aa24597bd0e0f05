// Waiting that an aborted signal ends.

/** A longer time would end a timer at once. */
export const longestTimerMs = 2 ** 31 - 1;

/** Resolves after `milliseconds`, or after `longestTimerMs` when that is less; rejects with the signal's reason as soon as it is aborted. */
export function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', leave);
      if (signal?.aborted === true) reject(signal.reason);
      else resolve();
    };
    const timer = setTimeout(leave, Math.min(milliseconds, longestTimerMs));
    signal?.addEventListener('abort', leave);
    if (signal?.aborted === true) leave();
  });
}
