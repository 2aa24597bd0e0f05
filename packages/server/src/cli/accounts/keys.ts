// voisin keys: make, list and revoke keys.
import type { KeyJson } from '../../open-local-accounts.js';
import { readArguments } from '../models/arguments.js';
import { withAccounts } from './door.js';
import { expiryOf } from './expiry.js';
import { minute, print, table } from './print.js';
import { common, unknownVerb } from './users.js';

type Verb = (argv: readonly string[]) => Promise<void>;

const verbs: Readonly<Record<string, Verb>> = { create, list, revoke };

export async function keys([name = '', ...argv]: readonly string[]): Promise<number> {
  const verb = Object.hasOwn(verbs, name) ? verbs[name] : undefined;
  if (verb === undefined) throw unknownVerb(name, Object.keys(verbs));
  await verb(argv);
  return 0;
}

/** A USER, where one comes first; a server knows whose key is sent. */
export const optionalUser = ([first]: readonly string[]): string[] => (first === undefined || first.startsWith('-') ? [] : ['USER']);

async function create(argv: readonly string[]): Promise<void> {
  const flags = { ...common, name: { type: 'string' }, expires: { type: 'string' } } as const;
  const { values, words } = readArguments(argv, flags, optionalUser(argv));
  const asked = { ...(values.name === undefined ? {} : { name: values.name }), ...expiry(values.expires) };
  const made = await withAccounts(values['data-dir'], (door) => door.createKey(words[0], asked));
  const until = made.expires_at === undefined ? '' : `, until ${minute(made.expires_at)} UTC`;
  print(values.json, made, () => `Key ${made.id} of ${made.user_id}${until}, shown only this once:\n\n  ${made.key}\n\n`);
}

function expiry(text: string | undefined): { expires_at?: string } {
  const expires = expiryOf(text);
  return expires === undefined ? {} : { expires_at: expires };
}

async function list(argv: readonly string[]): Promise<void> {
  const { values, words } = readArguments(argv, common, optionalUser(argv));
  printKeys(values.json, await withAccounts(values['data-dir'], (door) => door.keys(words[0])));
}

async function revoke(argv: readonly string[]): Promise<void> {
  const { values, words } = readArguments(argv, common, ['KEY_ID']);
  // Whoever has only the key itself should not have to take it apart.
  const id = /^fe_([0-9a-f]{16})_/.exec(words[0] ?? '')?.[1] ?? words[0] ?? '';
  const revoked = await withAccounts(values['data-dir'], (door) => door.revokeKey(id));
  print(values.json, revoked, () => `Key ${revoked.id} is revoked\n`);
}

function printKeys(asJson: boolean | undefined, found: readonly KeyJson[]): void {
  const rows = found.map(({ id, name, created_at: made, expires_at: expires, revoked_at: revoked, last_used_at: used }) => [
    id,
    name,
    minute(made),
    minute(used),
    minute(expires),
    revoked === undefined ? '' : `revoked ${minute(revoked)}`,
  ]);
  print(asJson, found, () => table(['id', 'name', 'made (UTC)', 'last used', 'expires', ''], rows));
}
