// voisin models: which of its commands was asked for.
import { nearest } from '../../config/suggest.js';
import { VoisinError } from '../../errors.js';

type Run = (argv: readonly string[]) => Promise<number>;

const commands = new Map<string, Run>([
  ['list', async (argv) => (await import('./list.js')).list(argv)],
  ['pull', async (argv) => (await import('./pull.js')).pull(argv)],
  ['remove', async (argv) => (await import('./remove.js')).remove(argv)],
  ['convert', async (argv) => (await import('./convert.js')).convert(argv)],
  ['inspect', async (argv) => (await import('./inspect.js')).inspect(argv)],
]);

export function models(argv: readonly string[]): Promise<number> {
  const [name = 'list', ...rest] = argv;
  const command = commands.get(name);
  if (command) return command(rest);
  const meant = nearest(name, [...commands.keys()]);
  const advice = meant === undefined ? `there are: ${[...commands.keys()].join(', ')}` : `did you mean ${meant}?`;
  throw new VoisinError('invalid_argument', `unknown command ${name}; ${advice}`);
}
