// What an error of the disk means: bytes that are lost or altered (damage), or a state that passes.
import { dirname } from 'node:path';
import { DamageError, type ErrorCode } from '../errors.js';
import { errorText, hasCode, isDiskFull } from './disk.js';

export type Failure =
  | { readonly kind: 'damage'; readonly reason: string }
  | { readonly kind: 'passing'; readonly code: ErrorCode; readonly reason: string };

/** LevelDB reports errno by its text alone, Node by a code. */
const passing: readonly (readonly [RegExp, ErrorCode, string])[] = [
  [/LEVEL_LOCKED/, 'unavailable', 'another process holds its files'],
  [/EMFILE|ENFILE|Too many open files/, 'unavailable', 'too many files are open'],
  [/EACCES|EPERM|Permission denied|Operation not permitted/, 'unavailable', "the server's user may not read and write its files"],
  [/EROFS|Read-only file system/, 'unavailable', 'its file system is read-only'],
  [/EIO|Input\/output error/, 'unavailable', 'the disk answered with an input/output error'],
  [/ENOMEM|Cannot allocate memory|ERR_FAISS_MEMORY/, 'unavailable', 'there is not enough memory to open it'],
  [/EAGAIN|EBUSY|ESTALE|ETIMEDOUT|temporarily unavailable|Stale file handle/, 'unavailable', 'its files cannot be read at the moment'],
];

const damages = /LEVEL_CORRUPTION|LEVEL_IO_ERROR|ERR_FAISS_CORRUPT|Corruption: |Invalid argument: |ENOENT|ENOTDIR|EISDIR|EEXIST/;

/** undefined: neither; a fault of the program, perhaps, which says nothing about the files. */
export function failureOf(error: unknown): Failure | undefined {
  if (isDamage(error)) return { kind: 'damage', reason: reasonOf(error) };
  if (isDiskFull(error))
    return { kind: 'passing', code: 'resource_exhausted', reason: 'the disk is full: it cannot be opened until there is room' };
  const text = `${codesOf(error).join(' ')} ${errorText(error)}`;
  const [, code, reason] = passing.find(([pattern]) => pattern.test(text)) ?? [];
  if (code !== undefined && reason !== undefined) return { kind: 'passing', code, reason };
  return damages.test(text) ? { kind: 'damage', reason: reasonOf(error) } : undefined;
}

/** Our checks throw their own class, LevelDB's errors have a code. */
export function isDamage(error: unknown): boolean {
  return (
    error instanceof DamageError ||
    hasCode(error, 'LEVEL_CORRUPTION') ||
    (error instanceof Error && hasCode(error.cause, 'LEVEL_CORRUPTION'))
  );
}

/** LevelDB says what is wrong in the cause of its error. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error && !(error instanceof DamageError) ? error.cause.message : error.message;
}

/** Text for clients: which file of an index it is, not where on the machine the data directory lies. `directory`: the index's, two below it. */
export function withoutPaths(text: string, directory: string): string {
  const folders = [directory, dirname(directory), dirname(dirname(directory))];
  return folders.reduce((left, folder) => left.replaceAll(`${folder}/`, '').replaceAll(folder, 'the index'), text);
}

function codesOf(error: unknown): string[] {
  if (!(error instanceof Error)) return [];
  return [...('code' in error ? [String(error.code)] : []), ...codesOf(error.cause)];
}
