import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { addons, removeOrphans } from './lib/builds.mjs';
import { digestOf, filesUnder, isCurrent, writeStamp } from './lib/inputs.mjs';
import { whyInstall } from './lib/npm-packages.mjs';
import { checkFlags, checkPort } from './lib/first-start.mjs';
import { adviceFor, command, root, SetUpError } from './lib/steps.mjs';
import { checkSystem, installCommands, parseMissing } from './lib/system-packages.mjs';
import { summarise } from './lib/test-summary.mjs';
import { checkNode } from './setup.mjs';

let folder;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'voisin-setup-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function put(path, text = '', mode = 0o644) {
  mkdirSync(join(folder, path, '..'), { recursive: true });
  writeFileSync(join(folder, path), text, { mode });
}

describe('what is built again', () => {
  const build = { stamp: 'out/.inputs', outputs: ['out/a.js'] };

  test('nothing, while the contents are the same and the outputs are there', () => {
    put('src/a.ts', 'one');
    put('src/node_modules/x/y.ts', 'installed');
    const digest = digestOf(folder, ['src', 'missing']);
    expect(filesUnder(folder, ['src'])).toEqual(['src/a.ts']);
    expect(isCurrent(folder, build, digest)).toBe(false);
    put('out/a.js');
    writeStamp(folder, build, digest);
    expect(isCurrent(folder, build, digest)).toBe(true);
    put('src/a.ts', 'one');
    expect(digestOf(folder, ['src'])).toBe(digest);
    rmSync(join(folder, 'out/a.js'));
    expect(isCurrent(folder, build, digest)).toBe(false);
  });

  test('an output that is shorter than it was made', () => {
    put('out/a.js', 'whole');
    writeStamp(folder, build, 'digest');
    expect(isCurrent(folder, build, 'digest')).toBe(true);
    put('out/a.js', '');
    expect(isCurrent(folder, build, 'digest')).toBe(false);
  });

  test('everything, after a change, a new file or a new name', () => {
    put('src/a.ts', 'one');
    const seen = new Set([digestOf(folder, ['src'])]);
    put('src/a.ts', 'two');
    seen.add(digestOf(folder, ['src']));
    put('src/b.ts', '');
    seen.add(digestOf(folder, ['src']));
    rmSync(join(folder, 'src/b.ts'));
    put('src/c.ts', '');
    seen.add(digestOf(folder, ['src']));
    expect(seen.size).toBe(4);
  });

  test('what was compiled from a source that is gone is removed', () => {
    put('src/a.ts');
    for (const made of [
      'dist/src/a.js',
      'dist/src/a.d.ts',
      'dist/src/a.js.map',
      'dist/src/gone.test.js',
      'dist/src/sub/gone.d.ts',
      'dist/.tsbuildinfo',
    ])
      put(made);
    removeOrphans(folder, 'dist');
    expect(filesUnder(join(folder, 'dist'), ['src'])).toEqual(['src/a.d.ts', 'src/a.js', 'src/a.js.map']);
  });
});

test('every package with a CMakeLists.txt is an addon that the set-up builds', () => {
  const native = readdirSync(join(root, 'packages')).filter((name) => existsSync(join(root, 'packages', name, 'CMakeLists.txt')));
  expect(Object.keys(addons).sort()).toEqual(native.sort());
});

describe('system packages', () => {
  test('are missing unless dpkg says installed', () => {
    const listing = 'cmake installed\ng++ config-files\nmake not-installed\nlibopenblas-dev installed\n';
    expect(parseMissing(['cmake', 'g++', 'make', 'libfaiss-dev'], listing)).toEqual(['g++', 'make', 'libfaiss-dev']);
  });

  test('are installed by root, by sudo without a password, or by one command to type', () => {
    const asRoot = installCommands(['cmake'], { isRoot: true, canSudo: false });
    expect(asRoot.commands.map(([program]) => program)).toEqual(['apt-get', 'apt-get']);
    expect(asRoot.commands[1]).toContain('cmake');
    expect(installCommands(['cmake'], { isRoot: false, canSudo: true }).commands[1].slice(0, 4)).toEqual([
      'sudo',
      '-n',
      'env',
      'DEBIAN_FRONTEND=noninteractive',
    ]);
    expect(installCommands(['cmake', 'g++'], { isRoot: false, canSudo: false })).toEqual({
      toType: 'sudo apt-get update && sudo apt-get install -y cmake g++',
    });
  });

  describe('that one can do without', () => {
    // dpkg and apt-get of a machine that has none of the packages and cannot have the browser, and what apt-get was asked.
    function setUpWith(wanted, { canSudo = true, standIn = 'no-such-program' } = {}) {
      cpSync(join(root, 'scripts/lib'), join(folder, 'scripts/lib'), { recursive: true });
      put('bin/dpkg-query', `#!/bin/sh\ncat '${folder}/installed'\n`, 0o755);
      put('bin/apt-get', `#!/bin/sh\necho "$@" >> '${folder}/asked'\ncase "$*" in *browser*) exit 100;; esac\n`, 0o755);
      put('bin/sudo', `#!/bin/sh\nshift\n${canSudo ? 'exec "$@"' : 'exit 1'}\n`, 0o755);
      const script = `process.getuid = () => 1000;
        const { ensureSystemPackages } = await import('./scripts/lib/system-packages.mjs');
        await ensureSystemPackages(${JSON.stringify(wanted)}, { browser: ['${standIn}'] });`;
      const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
        cwd: folder,
        encoding: 'utf8',
        env: { PATH: `${folder}/bin:${process.env.PATH}` },
      });
      const asked = existsSync(join(folder, 'asked')) ? readFileSync(join(folder, 'asked'), 'utf8') : '';
      return { status, stderr, installs: [...asked.matchAll(/^install .*120 (.*)$/gm)].map(([, names]) => names) };
    }

    test('are installed with the others; where they cannot be had the others come alone, and they are not tried again', () => {
      const { status, stderr, installs } = setUpWith(['cmake']);
      expect(installs).toEqual(['cmake browser', 'cmake']);
      expect(stderr).toContain('Tests that want browser will be skipped');
      expect(status).toBe(0);
      put('installed', 'cmake installed\n');
      expect(setUpWith(['cmake'])).toEqual({ status: 0, stderr: '', installs });
    });

    test('are a command to type, and stop nothing', () => {
      const { status, stderr } = setUpWith([], { canSudo: false });
      expect(stderr).toContain('apt-get install -y browser');
      expect(status).toBe(0);
    });

    test('are not installed where a program is there in their place', () => {
      expect(setUpWith([], { standIn: 'node' })).toEqual({ status: 0, stderr: '', installs: [] });
    });
  });
});

describe('npm packages', () => {
  const lock = {
    packages: {
      '': { name: 'x' },
      'packages/server': { name: '@x/server' },
      'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' },
      'node_modules/a-win32': { version: '1.0.0', optional: true },
    },
  };
  const installed = (version, integrity = 'sha512-a') => ({ packages: { 'node_modules/a': { version, integrity } } });

  test('are installed when nothing, another version or other bytes are there', () => {
    expect(whyInstall(lock, undefined)).toBe('nothing is installed');
    expect(whyInstall(lock, { packages: {} })).toBe('node_modules/a is missing');
    expect(whyInstall(lock, installed('1.0.1'))).toBe('node_modules/a is another version');
    expect(whyInstall(lock, installed('1.0.0', 'sha512-b'))).toBe('node_modules/a is another version');
  });

  test('are installed again when a folder of npm’s own record is gone', () => {
    expect(whyInstall(lock, installed('1.0.0'), (path) => path !== 'node_modules/a')).toBe('node_modules/a is missing');
  });

  test('are left alone when they are those of the lock file; other platforms do not count', () => {
    expect(whyInstall(lock, installed('1.0.0'))).toBeUndefined();
  });
});

test.each([
  ['20.19.0', true],
  ['20.20.2', true],
  ['22.12.0', true],
  ['24.0.0', true],
  ['22.11.0', false],
  ['21.7.3', false],
  ['20.18.3', false],
  ['18.20.0', false],
])('Node %s is taken: %s', (version, taken) => {
  if (taken) expect(() => checkNode(version)).not.toThrow();
  else expect(() => checkNode(version)).toThrow(SetUpError);
});

test('a command that fails says how, shows the end of its log and where it lies', async () => {
  const failing = command('setup-test', process.execPath, ['-e', 'console.log("the reason"); process.exit(3)'], { advice: 'Do this.' });
  await expect(failing).rejects.toThrow(/exit code 3[^]*the reason[^]*setup-test\.log[^]*Do this\./);
  await expect(command('setup-test', 'no-such-program-here', [])).rejects.toThrow(/ENOENT/);
});

test.each([
  [{ code: null, signal: 'SIGKILL', log: '' }, /memory ran out/],
  [{ code: 137, signal: null, log: '' }, /memory ran out/],
  [{ code: 2, signal: null, log: 'c++: fatal error: Killed signal terminated program cc1plus' }, /memory ran out/],
  [{ code: 1, signal: null, log: 'FATAL ERROR: JavaScript heap out of memory' }, /memory ran out/],
  [{ code: 1, signal: null, log: 'npm error ENOSPC: no space left on device, write' }, /disk is full/],
  [{ code: 1, signal: null, log: 'getaddrinfo ENOTFOUND' }, /^asked for ENOTFOUND$/],
])('a step that failed with %j has the advice that fits', (failure, advice) => {
  expect(adviceFor(failure, (log) => `asked for ${log.split(' ')[1]}`)).toMatch(advice);
});

test.each(['SIGINT', 'SIGTERM'])('%s to the set-up ends what it has started, and what that has started', async (signal) => {
  const grandchild = 'setInterval(() => {}, 1000); process.stdout.write(`${process.pid}`)';
  const started = `const { spawn } = require('node:child_process'); spawn(process.execPath, ['-e', ${JSON.stringify(grandchild)}], { stdio: 'inherit' });`;
  const program = `
    import { command } from ${JSON.stringify(join(root, 'scripts/lib/steps.mjs'))};
    await command('setup-test-${signal}', process.execPath, ['-e', ${JSON.stringify(started)}]);`;
  const setUp = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: 'ignore' });
  const log = join(root, `build/logs/setup-test-${signal}.log`);
  rmSync(log, { force: true });
  let pid = 0;
  await expect
    .poll(() => (pid = Number(existsSync(log) ? readFileSync(log, 'utf8').split('\n')[1] : 0)), { timeout: 20_000 })
    .toBeGreaterThan(0);
  const ended = once(setUp, 'exit');
  setUp.kill(signal);
  expect((await ended)[0]).toBeGreaterThan(128);
  await expect.poll(() => isRunning(pid), { timeout: 20_000 }).toBe(false);
});

function isRunning(pid) {
  try {
    // A process that ended and was not waited for is a zombie: Z.
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

test.each([
  ['PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_ID="12"\n', undefined],
  ['PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nID=debian\nVERSION_ID="13"\n', /This is Debian GNU\/Linux 13.*FAISS 1\.7\.3/],
  ['PRETTY_NAME="Ubuntu 24.04.1 LTS"\nID=ubuntu\nVERSION_ID="24.04"\nID_LIKE=debian\n', /This is Ubuntu 24\.04\.1 LTS.*FAISS 1\.7\.3/],
  ['', /an unknown system/],
])('a system whose FAISS is another version is named before anything is installed: %j', (release, problem) => {
  if (problem === undefined) expect(() => checkSystem(release)).not.toThrow();
  else expect(() => checkSystem(release)).toThrow(problem);
});

describe('before a first start installs anything', () => {
  const page = readFileSync(join(root, 'docs/configuration.md'), 'utf8');

  test('a flag that does not exist is refused', () => {
    expect(() => checkFlags(['--prot', '9000'], page)).toThrow(/--prot/);
    expect(() => checkFlags(['--port', '9000', '--data-dir=/x', '--no-debug', '--debug'], page)).not.toThrow();
  });

  test('a port that is in use, or is none, is refused', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    await expect(checkPort(String(other.address().port), '127.0.0.1')).rejects.toThrow(/in use/);
    other.close();
    await expect(checkPort('http', '127.0.0.1')).rejects.toThrow(/0 to 65535/);
    await expect(checkPort('0', '127.0.0.1')).resolves.toBeUndefined();
  });
});

describe('the last line of npm test', () => {
  const good = { name: 'a', exitCode: 0, summary: { passed: 3, failed: 0, skipped: [{ name: 's', reason: 'no Redis here' }] } };

  test('counts over all runners, and skipped tests say why', () => {
    const { lines, exitCode } = summarise([good, { ...good, name: 'b' }]);
    expect(lines.at(-1)).toBe('6 passed, 0 failed, 2 skipped');
    expect(lines[0]).toBe('skipped: s: no Redis here');
    expect(exitCode).toBe(0);
  });

  test('a test that is skipped without a reason fails the whole', () => {
    const silent = { name: 'b', exitCode: 0, summary: { passed: 1, failed: 0, skipped: [{ name: 'quiet' }] } };
    const { lines, exitCode } = summarise([silent]);
    expect(lines).toEqual(['skipped: quiet', 'problem: quiet is skipped without a reason', '1 passed, 1 failed, 1 skipped']);
    expect(exitCode).toBe(1);
  });

  test.each([
    ['fails a test', { name: 'b', exitCode: 1, summary: { passed: 1, failed: 2, skipped: [] } }, '4 passed, 2 failed, 1 skipped'],
    ['crashes', { name: 'b', exitCode: null, summary: undefined }, '3 passed, 1 failed, 1 skipped'],
    ['runs nothing', { name: 'b', exitCode: 0, summary: { passed: 0, failed: 0, skipped: [] } }, '3 passed, 1 failed, 1 skipped'],
    [
      'fails without a failed test',
      { name: 'b', exitCode: 1, summary: { passed: 1, failed: 0, skipped: [] } },
      '4 passed, 1 failed, 1 skipped',
    ],
  ])('a runner that %s makes the whole fail', (_, runner, last) => {
    const { lines, exitCode } = summarise([good, runner]);
    expect(lines.at(-1)).toBe(last);
    expect(exitCode).toBe(1);
  });
});
