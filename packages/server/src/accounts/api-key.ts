// The form of a key: fe_<id>_<secret>. The id finds its row; of the secret only a bcrypt hash is kept.
import { randomBytes } from 'node:crypto';
import { compare, hash } from 'bcrypt';
import { VoisinError } from '../errors.js';

export const idBytes = 8;
/** 48 letters: bcrypt reads no more than 72 bytes. */
const secretBytes = 36;
const bcryptRounds = 10;
/** bcrypt holds a thread of libuv's pool of four for some 60 ms: whoever tries keys must not take all of them from the disk. */
const checksAtOnce = 2;
const checksWaiting = 200;

const form = /^fe_([0-9a-f]{16})_([A-Za-z0-9_-]{48})$/;

export interface KeyParts {
  readonly id: string;
  readonly secret: string;
}

export function newKeyParts(): KeyParts {
  return { id: randomBytes(idBytes).toString('hex'), secret: randomBytes(secretBytes).toString('base64url') };
}

export const keyText = ({ id, secret }: KeyParts): string => `fe_${id}_${secret}`;

/** @returns undefined for a text that is no key of this form */
export function keyPartsOf(text: string): KeyParts | undefined {
  const [, id, secret] = form.exec(text) ?? [];
  return id === undefined || secret === undefined ? undefined : { id, secret };
}

export const hashSecret = (secret: string): Promise<string> => hash(secret, bcryptRounds);

let running = 0;
const waiting: (() => void)[] = [];

/** Checks that run or wait, of all keys. */
export const pendingSecretChecks = (): number => running + waiting.length;

/** Some 60 ms on a thread of its own. @throws VoisinError unavailable when too many keys are being checked */
export async function isSecretOf(secret: string, hashed: string): Promise<boolean> {
  if (running >= checksAtOnce) {
    if (waiting.length >= checksWaiting)
      throw new VoisinError('unavailable', 'too many new keys are being checked', { retryAfterSeconds: 1 });
    await new Promise<void>((resolve) => waiting.push(resolve));
  } else running++;
  try {
    return await compare(secret, hashed);
  } finally {
    const next = waiting.shift();
    // The place is handed on, so that nobody who comes in between takes it.
    if (next === undefined) running--;
    else next();
  }
}
