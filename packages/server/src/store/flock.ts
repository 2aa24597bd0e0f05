// Node has no flock(2), but a lock belongs to the open file, not to who asked for it: flock(1) (util-linux, part of every Debian) takes it on
// our inherited descriptor and leaves. It is ours until the descriptor is closed or the process ends, however that happens, needs no disk
// space and never goes stale.
import { spawnSync } from 'node:child_process';
import { hasCode } from './disk.js';

/** `missing`: there is no flock(1) on this machine. */
export function flock(descriptor: number): 'ours' | 'taken' | 'missing' {
  const { status, error } = spawnSync('flock', ['--exclusive', '--nonblock', '3'], { stdio: ['ignore', 'ignore', 'ignore', descriptor] });
  if (status === 0) return 'ours';
  return hasCode(error, 'ENOENT') ? 'missing' : 'taken';
}
