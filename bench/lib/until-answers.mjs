// Waits for a server that was started.
import { setTimeout as pause } from 'node:timers/promises';

/**
 * Resolves when `url` answers with a 2xx. Throws when the process ends before, or `seconds` have passed.
 * @param name the server's, for the error
 */
export async function untilAnswers(url, child, { name, seconds, pauseMs = 50 }) {
  const began = performance.now();
  while (performance.now() - began < seconds * 1000) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`${name} ended with ${child.signalCode ?? child.exitCode}`);
    const response = await fetch(url).catch(() => undefined);
    await response?.arrayBuffer();
    if (response?.ok) return;
    await pause(pauseMs);
  }
  throw new Error(`${name} did not answer within ${seconds} s`);
}
