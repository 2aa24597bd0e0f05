// Node has no flock(2), but a lock belongs to the open file, not to who asked for it: flock(1) (util-linux, part of every Debian) takes it on
// our inherited descriptor and leaves. It is ours until the descriptor is closed or the process ends, however that happens, needs no disk
// space and never goes stale.
import { spawnSync } from 'node:child_process';
import { hasCode } from './disk.js';

/** Another process holds it, or why it could not be asked for. */
export type Flock = 'ours' | 'taken' | { readonly reason: string };

export function flock(descriptor: number): Flock {
  const { status, signal, error, stderr } = spawnSync('flock', ['--exclusive', '--nonblock', '3'], {
    stdio: ['ignore', 'ignore', 'pipe', descriptor],
    encoding: 'utf8',
  });
  if (status === 0) return 'ours';
  if (hasCode(error, 'ENOENT')) return { reason: 'the command flock is missing; install the package util-linux' };
  if (error !== undefined) return { reason: `the command flock cannot be run: ${error.message}` };
  // Its status for a lock that another has (EWOULDBLOCK); it is silent then. Everything else is said on stderr.
  if (status === 1 && stderr === '') return 'taken';
  const ending = signal === null ? `status ${status}` : `signal ${signal}`;
  const what = stderr
    .trim()
    .replace(/^(flock: )+/, '')
    .replace(/^3: /, '')
    .replaceAll('\n', ' ');
  const advice = /no locks available|not supported|not implemented/i.test(what) ? '; its file system has no locks: choose a local one' : '';
  return { reason: `the lock cannot be taken: ${what === '' ? `flock ended with ${ending}` : what}${advice}` };
}
