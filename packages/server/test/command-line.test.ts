// The program as an operator runs it: its own process, its exit codes, what it prints.
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const program = fileURLToPath(new URL('../src/main.js', import.meta.url));
let folder: string;
const children: ChildProcess[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'voisin-command-line-'));
});
afterEach(async () => {
  for (const child of children.splice(0)) if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

function start(args: readonly string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [program, ...args], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  children.push(child);
  return child;
}

async function run(args: readonly string[], env: Record<string, string> = {}, input = '') {
  const child = start(args, env);
  child.stdin.end(input);
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code: child.exitCode, out, err };
}

/** A server on a free port; resolves when it says that it listens. */
async function serve(env: Record<string, string> = {}, flags: readonly string[] = []) {
  const child = start(['serve', '--port', '0', '--data-dir', join(folder, 'data'), ...flags], env);
  const out: string[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk.toString()));
  for await (const line of createInterface({ input: child.stderr })) {
    const entry: { msg?: unknown; http?: unknown } = JSON.parse(line);
    if (entry.msg === 'listening') {
      child.stderr.resume();
      return { child, url: String(entry.http), out: () => out.join('') };
    }
  }
  throw new Error('the server ended before it listened');
}

async function stop(child: ChildProcess): Promise<number | null> {
  const closed = once(child, 'close');
  child.kill('SIGTERM');
  await closed;
  return child.exitCode;
}

describe('the file that npm links', () => {
  test('is there before the build, and runs', async () => {
    const home = new URL('../../', import.meta.url);
    const { bin } = JSON.parse(await readFile(new URL('package.json', home), 'utf8')) as { bin: { voisin: string } };
    expect(bin.voisin).not.toContain('dist');
    const { stdout } = await promisify(execFile)(fileURLToPath(new URL(bin.voisin, home)), ['--version']);
    expect(stdout).toMatch(/^voisin \d/);
  });
});

describe('what is asked for', () => {
  test.each([[['--help']], [['help']], [[]]])('%j prints the commands', async (args) => {
    expect(await run(args)).toMatchObject({ code: 0, out: expect.stringContaining('voisin serve'), err: '' });
  });

  test('every flag is in the help of serve', async () => {
    expect(await run(['serve', '--help'])).toMatchObject({ code: 0, out: expect.stringContaining('--max-text-length') });
    expect(await run(['help', 'serve'])).toMatchObject({ code: 0, out: expect.stringContaining('--port N') });
  });

  test('the version', async () => {
    expect(await run(['--version'])).toMatchObject({ code: 0, out: expect.stringMatching(/^voisin \d+\.\d+\.\d+\n$/) });
  });

  test.each([
    [['srve'], 'voisin: unknown command srve; did you mean serve?\n'],
    [['help', 'dmeo'], 'voisin: unknown command dmeo; did you mean demo?\n'],
    [['--port', '1'], 'voisin: unknown command --port; flags come after a command: voisin serve --port 9000\n'],
    [['serve', '--prot', '1'], 'voisin serve: unknown flag --prot; did you mean --port?\n'],
    [['serve', '--port', '99999'], 'voisin serve: --port: "99999" is not a whole number from 0 to 65535\n'],
    [['demo', '--nope'], 'voisin demo: unknown flag --nope; accepted: --question TEXT\n'],
  ])('%j ends with one line and exit code 2', async (args, err) => {
    expect(await run(args)).toEqual({ code: 2, out: '', err });
  });
});

describe('a server', () => {
  test('tells its address, its keys, its data and three commands, and ends well by SIGTERM', async () => {
    const { child, url, out } = await serve();
    expect((await fetch(`${url}/v1/health`)).status).toBe(200);
    expect(out()).toContain(url);
    expect(out()).toContain(join(folder, 'data'));
    expect(out().match(/curl -s/g)).toHaveLength(3);
    expect(await stop(child)).toBe(0);
  });

  test('on a port in use, a folder in use or one that cannot be made says so in one line and exit code 1', async () => {
    const { child, url } = await serve();
    const port = new URL(url).port;
    const [taken, held, unmade] = await Promise.all([
      // Without a model to load, whose log line comes before.
      run(['serve', '--port', port, '--data-dir', join(folder, 'other'), '--required-models', 'none']),
      run(['serve', '--port', '0', '--data-dir', join(folder, 'data')]),
      run(['serve', '--port', '0', '--data-dir', '/dev/null/data']),
    ]);
    expect(taken).toMatchObject({
      code: 1,
      err: `voisin serve: cannot listen on 127.0.0.1:${port}: the port is in use; choose another with --port, or --port 0 for a free one\n`,
    });
    expect(held).toMatchObject({ code: 1, err: expect.stringMatching(new RegExp(`^voisin serve: .*process ${child.pid}.*\n$`)) });
    expect(unmade).toMatchObject({ code: 1, err: expect.stringMatching(/^voisin serve: .*\/dev\/null\/data.*\n$/) });
    await stop(child);
  });

  test('that others can reach makes an admin key, shows it once and takes it ever after', async () => {
    const first = await serve({ HOST: '0.0.0.0' });
    const key = /fe_[0-9a-f]{16}_[A-Za-z0-9_-]{48}/.exec(first.out())?.[0] ?? '';
    expect(key).not.toBe('');
    expect((await fetch(`${first.url}/v1/index`)).status).toBe(401);
    expect((await fetch(`${first.url}/v1/index`, { headers: { 'x-api-key': key } })).status).toBe(200);
    expect(await stop(first.child)).toBe(0);
    const later = await serve({ HOST: '0.0.0.0' });
    expect(later.out()).not.toContain('fe_');
    expect((await fetch(`${later.url}/v1/index`, { headers: { authorization: `Bearer ${key}` } })).status).toBe(200);
    expect((await fetch(`${later.url}/v1/index`, { headers: { 'x-api-key': `${key}x` } })).status).toBe(401);
    await stop(later.child);
  });
});

describe('the demonstration', () => {
  test('leaves nothing behind when it is interrupted', async () => {
    const texts = join(folder, 'texts');
    const temporary = join(folder, 'temporary');
    for (const made of [texts, temporary]) await mkdir(made);
    await writeFile(join(texts, 'one.txt'), 'One passage.');
    const child = start(['demo', texts], { TMPDIR: temporary });
    // Standard input stays open: it waits for a question.
    for await (const line of createInterface({ input: child.stdout })) if (line.startsWith('Embedded and stored')) break;
    // Its data folder, and no file of the libraries that it uses.
    expect(await readdir(temporary)).toEqual([expect.stringMatching(/^voisin-demo-/)]);
    const closed = once(child, 'close');
    child.kill('SIGINT');
    await closed;
    expect([child.exitCode, await readdir(temporary)]).toEqual([130, []]);
  });

  test('answers a piped question with the passage that means it, its file and line', async () => {
    await writeFile(join(folder, 'animals.txt'), 'Horses are herbivores that sleep standing up.\n');
    await writeFile(join(folder, 'money.txt'), 'intro\n\n# Rates\nThe central bank raised interest rates by a quarter point.\n');
    const { code, out } = await run(['demo', folder], {}, 'How do horses rest?\nWhat did the bank decide?\n');
    expect(code).toBe(0);
    const answers = [...out.matchAll(/^ {2}(0\.\d{3}) {2}(\S+)$/gm)].map(([, , place]) => place);
    expect(answers[0]).toBe('animals.txt:1');
    expect(answers[3]).toBe('money.txt:3');
  });

  test('answers as the README shows it', async () => {
    const page = (name: string): URL => new URL(`../../../../${name}`, import.meta.url);
    const readme = await readFile(page('README.md'), 'utf8');
    const [, question = '', answer = ''] = /\$ npm run demo -- docs --question "(.*)"\n(\n {2}0\.\d{3} [^]*?)```/.exec(readme) ?? [];
    // The one page that it shows, for the others take ten seconds.
    const [, name = ''] = /^ {2}0\.\d{3} {2}(\S+):\d+$/m.exec(answer) ?? [];
    await copyFile(page(`docs/${name}`), join(folder, name));
    const { out } = await run(['demo', folder, '--question', question]);
    expect(out).toContain(answer);
  });

  test('says what is wrong with a missing and an empty folder', async () => {
    expect(await run(['demo', join(folder, 'none')])).toMatchObject({
      code: 1,
      err: `voisin demo: there is no folder ${join(folder, 'none')}\n`,
    });
    expect(await run(['demo', folder])).toMatchObject({ code: 1, err: expect.stringContaining('there is no text in') });
  });
});
