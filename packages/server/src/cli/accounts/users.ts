// voisin users: make, list, look at, change and delete users.
import { nearest } from '../../config/suggest.js';
import { VoisinError } from '../../errors.js';
import type { UserJson } from '../../open-local-accounts.js';
import { readArguments } from '../models/arguments.js';
import { withAccounts } from './door.js';
import { expiryOf } from './expiry.js';
import { minute, print, table } from './print.js';

/** What every verb takes. */
export const common = { json: { type: 'boolean' }, 'data-dir': { type: 'string' } } as const;

type Verb = (argv: readonly string[]) => Promise<void>;

const verbs: Readonly<Record<string, Verb>> = { create, list, show, set, delete: remove };

export async function users([name = '', ...argv]: readonly string[]): Promise<number> {
  const verb = Object.hasOwn(verbs, name) ? verbs[name] : undefined;
  if (verb === undefined) throw unknownVerb(name, Object.keys(verbs));
  await verb(argv);
  return 0;
}

export function unknownVerb(name: string, known: readonly string[]): VoisinError {
  const meant = nearest(name, known);
  const advice = meant === undefined ? `expected one of ${known.join(', ')}` : `did you mean ${meant}?`;
  return new VoisinError('invalid_argument', `${name === '' ? 'nothing was asked for' : `unknown: ${name}`}; ${advice}`);
}

async function create(argv: readonly string[]): Promise<void> {
  const flags = {
    ...common,
    tier: { type: 'string' },
    tenant: { type: 'string' },
    admin: { type: 'boolean' },
    expires: { type: 'string' },
  } as const;
  const { values, words } = readArguments(argv, flags, ['EMAIL']);
  const [email = ''] = words;
  const asked = { email, tier: values.tier, tenant: values.tenant, admin: values.admin, expires_at: expiryOf(values.expires) };
  const made = await withAccounts(values['data-dir'], (door) => door.createUser(asked));
  const { user, key } = made;
  const rights = user.admin ? ', an administrator' : '';
  print(
    values.json,
    made,
    () => `User ${user.id} (${user.email}), tier ${user.tier}, tenant ${user.tenant}${rights}\nKey, shown only this once:\n\n  ${key}\n\n`,
  );
}

async function list(argv: readonly string[]): Promise<void> {
  const { values } = readArguments(argv, common, []);
  printUsers(values.json, await withAccounts(values['data-dir'], (door) => door.users()));
}

async function show(argv: readonly string[]): Promise<void> {
  const { values, words } = readArguments(argv, common, ['USER']);
  const [which = ''] = words;
  printUsers(values.json, [await withAccounts(values['data-dir'], (door) => door.user(which))]);
}

async function set(argv: readonly string[]): Promise<void> {
  const flags = {
    ...common,
    tier: { type: 'string' },
    tenant: { type: 'string' },
    admin: { type: 'string' },
    disabled: { type: 'string' },
  } as const;
  const { values, words } = readArguments(argv, flags, ['USER']);
  const change = {
    ...(values.tier === undefined ? {} : { tier: values.tier }),
    ...(values.tenant === undefined ? {} : { tenant: values.tenant }),
    ...(values.admin === undefined ? {} : { admin: truth('admin', values.admin) }),
    ...(values.disabled === undefined ? {} : { disabled: truth('disabled', values.disabled) }),
  };
  if (Object.keys(change).length === 0)
    throw new VoisinError('invalid_argument', 'nothing to change: --tier, --tenant, --admin true|false or --disabled true|false');
  const [which = ''] = words;
  printUsers(values.json, [await withAccounts(values['data-dir'], (door) => door.updateUser(which, change))]);
}

async function remove(argv: readonly string[]): Promise<void> {
  const { values, words } = readArguments(argv, common, ['USER']);
  const [which = ''] = words;
  await withAccounts(values['data-dir'], (door) => door.deleteUser(which));
  print(values.json, { deleted: which }, () => `${which} and all their keys are deleted; their usage and indexes stay\n`);
}

function printUsers(asJson: boolean | undefined, found: readonly UserJson[]): void {
  const rows = found.map(({ id, email, tenant, tier, admin, disabled, created_at: made }) => {
    const state = [admin ? 'admin' : '', disabled ? 'disabled' : ''].filter((word) => word !== '').join(' ');
    return [id, email, tier, tenant, minute(made), state];
  });
  print(asJson, found, () => table(['id', 'email', 'tier', 'tenant', 'made (UTC)', ''], rows));
}

function truth(flag: string, text: string): boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  throw new VoisinError('invalid_argument', `--${flag}: expected true or false, got ${JSON.stringify(text)}`);
}
