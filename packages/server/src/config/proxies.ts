// TRUSTED_PROXIES: whose word on the caller's address counts.
import { isIP } from 'node:net';
import { VoisinError } from '../errors.js';

/** @throws VoisinError invalid_argument naming the entry that is neither an address nor a network */
export function checkProxies(entries: readonly string[]): void {
  for (const entry of entries) {
    if (/^[a-z]+$/.test(entry)) continue;
    const [address = '', prefix] = entry.split('/');
    const family = isIP(address);
    const bits = family === 4 ? 32 : 128;
    if (family !== 0 && (prefix === undefined || Number(prefix) <= bits)) continue;
    throw new VoisinError(
      'invalid_argument',
      `TRUSTED_PROXIES: ${JSON.stringify(entry)} is no address or network such as 10.0.0.1, 10.0.0.0/8, ::1 or loopback`,
    );
  }
}
