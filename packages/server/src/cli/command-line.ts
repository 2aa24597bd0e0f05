// Which command was asked for. Commands are loaded when they run, so that --help answers at once.
import { nearest } from '../config/suggest.js';
import { VoisinError } from '../errors.js';
import { accountsHelp, demoHelp, keysHelp, modelsHelp, overview, serveHelp, usageHelp, usersHelp } from './help.js';
import { version } from '../version.js';

interface Command {
  readonly help: () => string;
  readonly run: (argv: readonly string[]) => Promise<number>;
}

const commands = new Map<string, Command>([
  ['serve', { help: serveHelp, run: async (argv) => (await import('./serve.js')).serve(argv) }],
  ['demo', { help: () => demoHelp, run: async (argv) => (await import('./demo.js')).demo(argv) }],
  ['models', { help: () => modelsHelp, run: async (argv) => (await import('./models/models.js')).models(argv) }],
  ['users', { help: () => usersHelp, run: async (argv) => (await import('./accounts/users.js')).users(argv) }],
  ['keys', { help: () => keysHelp, run: async (argv) => (await import('./accounts/keys.js')).keys(argv) }],
  ['accounts', { help: () => accountsHelp, run: async (argv) => (await import('./accounts/set-aside.js')).accounts(argv) }],
  ['usage', { help: () => usageHelp, run: async (argv) => (await import('./accounts/usage.js')).usage(argv) }],
]);

/** Exit codes: 0 done, 1 could not, 2 asked for something that does not exist or cannot be. */
export async function runCommandLine(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  if (name === '--version' || name === '-v' || name === 'version') return print(`voisin ${version}\n`);
  if (name === undefined || name === '--help' || name === '-h' || (name === 'help' && rest.length === 0)) return print(overview);
  const wanted = name === 'help' ? (rest[0] ?? '') : name;
  const command = commands.get(wanted);
  if (command === undefined) return unknownCommand(wanted);
  if (name === 'help' || rest.includes('--help') || rest.includes('-h')) return print(command.help());
  try {
    return await command.run(rest);
  } catch (error) {
    if (!(error instanceof VoisinError)) throw error;
    process.stderr.write(`voisin ${wanted}: ${error.message}\n`);
    return error.code === 'invalid_argument' ? 2 : 1;
  }
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}

function unknownCommand(name: string): number {
  const meant = nearest(name.toLowerCase(), [...commands.keys(), 'help']);
  // `voisin --port 1` is a flag without its command.
  const advice =
    meant !== undefined
      ? `did you mean ${meant}?`
      : name.startsWith('-')
        ? 'flags come after a command: voisin serve --port 9000'
        : 'see voisin --help';
  process.stderr.write(`voisin: unknown command ${name}; ${advice}\n`);
  return 2;
}
