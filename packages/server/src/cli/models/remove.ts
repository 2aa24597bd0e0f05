// voisin models remove: a model out of the hub cache.
import { readConfig } from '../../config/config.js';
import { environment } from '../../config/environment.js';
import { openModelLibrary } from '../../open-models.js';
import { readArguments } from './arguments.js';

export async function remove(argv: readonly string[]): Promise<number> {
  const { words } = readArguments(argv, {}, ['MODEL']);
  const removed = await openModelLibrary(readConfig(environment())).remove(words[0] ?? '');
  process.stdout.write(`${removed} is removed from the hub cache\n`);
  return 0;
}
