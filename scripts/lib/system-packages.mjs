// Debian packages: which are missing, and how this user can have them.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SetUpError, command, root, say, step } from './steps.mjs';

// OpenBLAS on OpenMP: the pthread variant ignores our bound on threads, and spins for 45 ms after each use.
export const toBuild = ['libfaiss-dev', 'libopenblas-dev', 'libopenblas0-openmp', 'cmake', 'g++', 'make'];
export const toTest = ['python3', 'python3-venv', 'strace'];
/** Without these some tests are skipped. Behind each, the programs that those tests take (packages/client/test/support/browser.ts). */
export const welcomeToTest = { chromium: ['chromium', 'chromium-browser', 'google-chrome'] };

// Says that an installation failed: npm test does not wait for the same failure each time.
const givenUp = join(root, 'build/given-up');

const elsewhere = `The addon builds with FAISS 1.7.3, which Debian 12 has. Elsewhere install that version with its headers and CMake files, OpenBLAS, OpenMP,
cmake 3.20 or newer, make and a C++17 compiler by your own means, then run this again.`;

/** Of /etc/os-release: the system whose packages are the right ones. */
const supported = { ID: 'debian', VERSION_ID: '12' };

/** @returns the packages of `wanted` that dpkg does not have, or undefined where there is no dpkg */
export function missingPackages(wanted) {
  const asked = spawnSync('dpkg-query', ['-W', '-f', '${Package} ${db:Status-Status}\n', ...wanted], { encoding: 'utf8' });
  return asked.error === undefined ? parseMissing(wanted, asked.stdout) : undefined;
}

export function parseMissing(wanted, listing) {
  const installed = new Set(listing.split('\n').flatMap((line) => (line.endsWith(' installed') ? [line.split(' ')[0]] : [])));
  return wanted.filter((name) => !installed.has(name));
}

/** The commands that install, for a user who is root, may become root without a password, or neither. */
export function installCommands(missing, { isRoot, canSudo }) {
  const update = ['apt-get', 'update'];
  const install = ['apt-get', 'install', '-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=120', ...missing];
  if (isRoot) return { commands: [update, install] };
  const asRoot = ['sudo', '-n', 'env', 'DEBIAN_FRONTEND=noninteractive'];
  if (canSudo)
    return {
      commands: [
        [...asRoot, ...update],
        [...asRoot, ...install],
      ],
    };
  return { toType: `sudo apt-get update && sudo apt-get install -y ${missing.join(' ')}` };
}

/** @param welcome packages that one can do without, each with the programs that do as well */
export async function ensureSystemPackages(wanted, welcome = {}) {
  const missing = missingPackages([...wanted, ...Object.keys(welcome)]);
  if (missing === undefined) return elsewhereCheck();
  const needed = missing.filter((name) => wanted.includes(name));
  if (needed.includes('libfaiss-dev')) checkSystem(readOsRelease());
  const wished = existsSync(givenUp) ? [] : missing.filter((name) => welcome[name]?.some((program) => runs(program)) === false);
  if (needed.length === 0 && wished.length === 0) return;
  const isRoot = process.getuid?.() === 0;
  const rights = { isRoot, canSudo: !isRoot && runs('sudo', ['-n', 'true']) };
  const { toType } = installCommands(needed.length > 0 ? needed : wished, rights);
  if (toType !== undefined && needed.length === 0)
    return say(`Without ${wished.join(', ')} some tests are skipped. To have them too:\n    ${toType}`);
  if (toType !== undefined) {
    throw new SetUpError(
      `These system packages are missing: ${needed.join(', ')}.\nInstall them with this command, then run this again:\n\n    ${toType}\n`,
    );
  }
  try {
    await install([...needed, ...wished], rights);
  } catch (error) {
    if (!(error instanceof SetUpError) || wished.length === 0) throw error;
    // For one package that cannot be had, apt-get installs none of the others.
    if (needed.length > 0) await install(needed, rights);
    writeFileSync(givenUp, error.message);
    say(`  Tests that want ${wished.join(', ')} will be skipped: the reason is in ${givenUp}. Without that file it is tried again.`);
  }
}

async function install(names, rights) {
  const [[...update], [...install]] = installCommands(names, rights).commands;
  await step(`System packages (apt-get, a minute or two): ${names.join(', ')}`, async () => {
    const env = { DEBIAN_FRONTEND: 'noninteractive' };
    const advice = `Install them by hand, then run this again: apt-get install ${names.join(' ')}`;
    // One unreachable source makes update fail although the packages can be had from the others: install has the last word.
    await command('apt-update', update[0], update.slice(1), { env }).catch((error) => {
      if (!(error instanceof SetUpError)) throw error;
    });
    await command('apt-install', install[0], install.slice(1), { env, advice });
  });
}

/** @throws SetUpError on another system than the one whose FAISS the addon builds with: its packages would be installed for nothing */
export function checkSystem(release) {
  const value = (name) => new RegExp(`^${name}="?([^"\\n]*)"?$`, 'm').exec(release)?.[1];
  if (Object.entries(supported).every(([name, wanted]) => value(name) === wanted)) return;
  throw new SetUpError(`This is ${value('PRETTY_NAME') ?? 'an unknown system'}. ${elsewhere}`);
}

function readOsRelease() {
  try {
    return readFileSync('/etc/os-release', 'utf8');
  } catch {
    return '';
  }
}

function runs(program, args = ['--version']) {
  return spawnSync(program, args, { stdio: 'ignore' }).status === 0;
}

function elsewhereCheck() {
  if (!runs('cmake') || !runs('c++')) throw new SetUpError(elsewhere);
}

/** What to say when the build of an addon fails. */
export function buildAdvice() {
  return missingPackages(toBuild) === undefined ? elsewhere : '';
}
