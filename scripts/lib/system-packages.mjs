// Debian packages: which are missing, and how this user can have them.
import { spawnSync } from 'node:child_process';
import { SetUpError, command, step } from './steps.mjs';

// OpenBLAS on OpenMP: the pthread variant ignores our bound on threads, and spins for 45 ms after each use.
export const toBuild = ['libfaiss-dev', 'libopenblas-dev', 'libopenblas0-openmp', 'cmake', 'g++', 'make'];
export const toTest = ['python3', 'python3-venv', 'strace'];

const elsewhere = `This is not Debian or Ubuntu: install FAISS 1.7.3 or newer with its headers and CMake files, OpenBLAS, OpenMP,
cmake 3.20 or newer, make and a C++17 compiler by your own means, then run this again.`;

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

export async function ensureSystemPackages(wanted) {
  const missing = missingPackages(wanted);
  if (missing === undefined) return elsewhereCheck();
  if (missing.length === 0) return;
  const isRoot = process.getuid?.() === 0;
  const canSudo = !isRoot && spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0;
  const { commands, toType } = installCommands(missing, { isRoot, canSudo });
  if (toType !== undefined) {
    throw new SetUpError(
      `These system packages are missing: ${missing.join(', ')}.\nInstall them with this command, then run this again:\n\n    ${toType}\n`,
    );
  }
  await step(`System packages (apt-get, a minute or two): ${missing.join(', ')}`, async () => {
    const [[...update], [...install]] = commands;
    const env = { DEBIAN_FRONTEND: 'noninteractive' };
    const advice = `Install them by hand, then run this again: apt-get install ${missing.join(' ')}`;
    // One unreachable source makes update fail although the packages can be had from the others: install has the last word.
    await command('apt-update', update[0], update.slice(1), { env }).catch((error) => {
      if (!(error instanceof SetUpError)) throw error;
    });
    await command('apt-install', install[0], install.slice(1), { env, advice });
  });
}

function elsewhereCheck() {
  const has = (program) => spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0;
  if (!has('cmake') || !has('c++')) throw new SetUpError(elsewhere);
}

/** What to say when the build of the addon fails. */
export function buildAdvice() {
  return missingPackages(toBuild) === undefined ? elsewhere : '';
}
