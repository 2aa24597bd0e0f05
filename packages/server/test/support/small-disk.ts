// A disk of a few megabytes, to be filled: a tmpfs, which only root may mount.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, openSync, closeSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export class SmallDisk {
  readonly path: string;
  readonly #filler: string;

  private constructor(path: string) {
    this.path = path;
    this.#filler = join(path, 'filler');
  }

  /** Mounts one, or says why that is not possible here. */
  static mount(megabytes: number): SmallDisk | string {
    const path = mkdtempSync(join(tmpdir(), 'voisin-disk-'));
    const { status, error, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'voisin-test', path], {
      encoding: 'utf8',
    });
    if (status === 0) return new SmallDisk(path);
    rmSync(path, { recursive: true });
    return `a tmpfs cannot be mounted here (that takes root): ${error?.message ?? stderr.trim()}`;
  }

  get freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.path);
    return bavail * bsize;
  }

  /** Takes all room that is left but for `spare` bytes. */
  fill(spare = 0): void {
    const file = openSync(this.#filler, 'a');
    try {
      const bytes = Buffer.alloc(64 * 1024);
      for (let left = this.freeBytes - spare; left > 0; left = this.freeBytes - spare)
        writeSync(file, bytes, 0, Math.min(left, bytes.length));
    } catch (error) {
      // Others write too.
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
    } finally {
      closeSync(file);
    }
  }

  /** Gives the room back. */
  free(): void {
    rmSync(this.#filler, { force: true });
  }

  unmount(): void {
    spawnSync('umount', ['--lazy', this.path]);
    rmSync(this.path, { recursive: true, force: true });
  }
}
