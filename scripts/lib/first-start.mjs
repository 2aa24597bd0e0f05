// What can be checked before a first start installs and builds for minutes: the names of the flags, and whether the port is free. Once the server is
// built it checks everything itself, and says more.
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { SetUpError, root } from './steps.mjs';

/** @throws SetUpError when the server could not start with these flags */
export async function checkFirstStart(argv, env = process.env) {
  if (existsSync(join(root, 'packages/server/dist/src/main.js')) || argv.includes('--help') || argv.includes('-h')) return;
  // A test holds this page equal to the table of settings.
  checkFlags(argv, readFileSync(join(root, 'docs/configuration.md'), 'utf8'));
  await checkPort(settingOf('port', argv, env.PORT) ?? '8000', settingOf('host', argv, env.HOST) ?? '127.0.0.1');
}

/** @param page docs/configuration.md */
export function checkFlags(argv, page) {
  const known = new Set([...page.matchAll(/^\| `[A-Z0-9_]+` \| `--([a-z0-9-]+)` \|/gm)].map(([, flag]) => flag));
  for (const argument of argv) {
    const [, flag] = /^--([^=]+)/.exec(argument) ?? [];
    if (flag === undefined || known.has(flag) || known.has(flag.replace(/^no-/, ''))) continue;
    throw new SetUpError(`Unknown flag --${flag}: docs/configuration.md lists them all.`);
  }
}

function settingOf(flag, argv, variable) {
  const at = argv.findLastIndex((argument) => argument === `--${flag}` || argument.startsWith(`--${flag}=`));
  const given = at < 0 ? variable : argv[at].includes('=') ? argv[at].slice(flag.length + 3) : argv[at + 1];
  return given?.trim() || undefined;
}

export async function checkPort(port, host) {
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535)
    throw new SetUpError(`The port is ${JSON.stringify(port)}: it must be a number from 0 to 65535.`);
  const server = createServer();
  const problem = await new Promise((resolve) => {
    server.once('error', resolve);
    server.listen({ port: Number(port), host }, () => server.close(() => resolve(undefined)));
  });
  if (problem === undefined) return;
  if (problem.code === 'EADDRINUSE')
    throw new SetUpError(`Port ${port} of ${host} is in use: choose another with --port, or --port 0 for a free one.`);
  throw new SetUpError(`Cannot listen on ${host}:${port}: ${problem.message}.`);
}
