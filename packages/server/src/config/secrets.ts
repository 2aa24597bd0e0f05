// Keys and their tenants from the environment. No message of this file holds a key or a piece of one.
import { VoisinError } from '../errors.js';
import { secrets } from './schema.js';

export interface ApiKey {
  readonly key: string;
  readonly tenant: string;
}

const tenantName = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/;

/**
 * Reads "key1:tenant1,key2:tenant2". Spaces around an entry are dropped; one tenant may have several keys.
 * @throws VoisinError invalid_argument that counts entries from 1
 */
export function parseApiKeys(text: string): ApiKey[] {
  const keys: ApiKey[] = [];
  for (const [at, entry] of text.split(',').entries()) {
    const problem = (what: string) =>
      new VoisinError('invalid_argument', `${secrets.apiKeys}: entry ${at + 1} ${what}; the form is key1:tenant1,key2:tenant2`);
    if (entry.trim() === '') throw problem('is empty');
    const parts = entry.trim().split(':');
    if (parts.length !== 2) throw problem(parts.length < 2 ? 'has no colon between key and tenant' : 'has more than one colon');
    const [key = '', tenant = ''] = parts.map((part) => part.trim());
    if (key === '') throw problem('has no key');
    if (/[\u0000-\u001f\u007f]/.test(key)) throw problem('has a control character in its key, which no header can carry');
    // A tenant's name is not printed either: whoever writes "tenant:key" would see the key in the log.
    if (!tenantName.test(tenant)) throw problem('has a tenant that is not 1 to 64 of A-Z a-z 0-9 _ . - (no dot first)');
    const twin = keys.findIndex((other) => other.key === key);
    if (twin >= 0) throw problem(`has the same key as entry ${twin + 1}`);
    keys.push({ key, tenant });
  }
  return keys;
}

/**
 * Checks the address of a service, which may hold a password: redis://user:password@host:6379/0.
 * @param schemes what may stand before the first colon
 * @throws VoisinError invalid_argument that shows nothing of it
 */
export function parseServiceUrl(name: string, text: string, schemes: readonly string[]): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.hostname === '' || !schemes.includes(url.protocol.slice(0, -1))) {
    const forms = schemes.map((scheme) => `${scheme}://`).join(' or ');
    throw new VoisinError('invalid_argument', `${name}: is not the address of a server; it begins with ${forms}, and a host follows`);
  }
  return text;
}
