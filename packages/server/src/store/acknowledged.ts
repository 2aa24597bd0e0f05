// The number of the last change that was answered, in a file of eight bytes beside a LevelDB. It is written after LevelDB's sync and never synced
// itself: it can lag behind the store, not lead. A store that ends before it has lost changes.
import { closeSync, constants, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { DamageError } from '../errors.js';

const bytes = 8;

export class Acknowledged {
  readonly #name: string;
  readonly #file: number;
  #isOpen = true;

  /** Makes the file, empty, where it is missing. `name`: what messages call it. */
  constructor(path: string, name: string) {
    this.#name = name;
    this.#file = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
  }

  /** undefined: the file is empty, nothing was ever marked. Errors: DamageError for a file that holds no number of changes. */
  read(): number | undefined {
    const { size } = fstatSync(this.#file);
    if (size === 0) return undefined;
    const known = Buffer.alloc(bytes);
    const changes = readSync(this.#file, known, 0, bytes, 0) === bytes && size === bytes ? known.readDoubleLE() : Number.NaN;
    if (Number.isSafeInteger(changes) && changes >= 0) return changes;
    throw new DamageError(`the file ${this.#name} (${size} bytes) does not hold a number of changes: it was cut or altered`);
  }

  mark(changes: number): void {
    const mark = Buffer.allocUnsafe(bytes);
    mark.writeDoubleLE(changes);
    writeSync(this.#file, mark, 0, bytes, 0);
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    closeSync(this.#file);
  }
}
