// Are the packages in node_modules those of package-lock.json? npm keeps its own list of what it installed; no stamp of ours is needed.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { command, root, step } from './steps.mjs';

/** @returns a reason to install, or undefined */
export function whyInstall(lock, installed) {
  if (installed === undefined) return 'nothing is installed';
  for (const [path, wanted] of Object.entries(lock.packages)) {
    if (!path.includes('node_modules/')) continue;
    const there = installed.packages[path];
    if (there === undefined) {
      // Packages for other platforms are optional and never installed.
      if (wanted.optional !== true && wanted.devOptional !== true && wanted.peer !== true) return `${path} is missing`;
    } else if (there.version !== wanted.version || (there.integrity ?? wanted.integrity) !== wanted.integrity)
      return `${path} is another version`;
  }
  return undefined;
}

export async function ensureNpmPackages() {
  const read = (path) => (existsSync(join(root, path)) ? JSON.parse(readFileSync(join(root, path), 'utf8')) : undefined);
  const why = whyInstall(read('package-lock.json'), read('node_modules/.package-lock.json'));
  if (why === undefined) return;
  await step(`npm packages (${why})`, () => {
    // The npm that runs us, when one does; NODE_ENV=production must not leave out the compiler.
    const npm = process.env.npm_execpath;
    const args = ['ci', '--include=dev', '--no-audit', '--no-fund'];
    const advice = 'Is the npm registry reachable? Behind a mirror, set it with npm config set registry URL.';
    return npm?.endsWith('.js')
      ? command('npm-ci', process.execPath, [npm, ...args], { advice })
      : command('npm-ci', 'npm', args, { advice });
  });
}
