// The builds: the addons (CMake) and TypeScript, each skipped while the contents of its inputs are the same.
import { existsSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { availableParallelism, freemem } from 'node:os';
import { join } from 'node:path';
import { digestOf, isCurrent, writeStamp } from './inputs.mjs';
import { command, root, step } from './steps.mjs';
import { buildAdvice } from './system-packages.mjs';

/** Packages with an addon, and how long it takes to build. */
export const addons = { faiss: 'a minute or two', encoder: 'a few seconds' };
const code = {
  stamp: 'packages/server/dist/.inputs',
  outputs: ['server/dist/src/main.js', 'faiss/dist/src/index.js', 'encoder/dist/src/index.js', 'client/dist/src/index.js'].map(
    (path) => `packages/${path}`,
  ),
};
/** A translation unit of FAISS's headers takes up to this much memory to compile. */
const bytesPerCompiler = 700 * 1024 ** 2;

export async function ensureAddons({ force = false } = {}) {
  for (const [name, duration] of Object.entries(addons)) await ensureAddon(name, duration, force);
}

async function ensureAddon(name, duration, force) {
  const folder = `packages/${name}`;
  const build = `${folder}/build`;
  const addon = { stamp: `${build}/.inputs`, outputs: [`${build}/voisin_${name}.node`] };
  const digest = digestOf(root, [`${folder}/CMakeLists.txt`, `${folder}/native`], `${process.platform} ${process.arch}`);
  if (!force && isCurrent(root, addon, digest)) return;
  await step(`Native addon of @voisin/${name} (CMake, ${duration})`, async () => {
    const jobs = Math.max(1, Math.min(availableParallelism(), Math.floor(freemem() / bytesPerCompiler)));
    await command(`cmake-configure-${name}`, 'cmake', ['-S', folder, '-B', build, '-DCMAKE_BUILD_TYPE=Release'], { advice: buildAdvice() });
    await command(`cmake-build-${name}`, 'cmake', ['--build', build, '--parallel', String(jobs)], { advice: buildAdvice() });
    writeStamp(root, addon, digest);
  });
}

export async function ensureCode({ force = false } = {}) {
  const packages = readdirSync(join(root, 'packages')).map((name) => `packages/${name}`);
  const inputs = ['src', 'test', 'tsconfig.json', 'package.json'].flatMap((part) => packages.map((path) => `${path}/${part}`));
  const compiler = JSON.parse(readFileSync(join(root, 'node_modules/typescript/package.json'), 'utf8')).version;
  const digest = digestOf(root, [...inputs, 'tsconfig.json', 'tsconfig.base.json'], compiler);
  if (!force && isCurrent(root, code, digest)) return;
  await step('TypeScript', async () => {
    for (const path of packages) removeOrphans(join(root, path), 'dist');
    // The compiler believes its own record of what it wrote, not the folder.
    const anew = force || code.outputs.some((output) => !existsSync(join(root, output)));
    // On one thread it takes half the memory (0.7 GB) and, on two cores, no longer.
    await command('tsc', process.execPath, ['node_modules/typescript/bin/tsc', '-b', '--singleThreaded', ...(anew ? ['--force'] : [])]);
    writeStamp(root, code, digest);
  });
}

/** Removes what was compiled from sources that are gone: a test that was deleted must not run on. */
export function removeOrphans(base, folder) {
  if (!existsSync(join(base, folder))) return;
  for (const entry of readdirSync(join(base, folder), { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) removeOrphans(base, path);
    const stem = /^(.*?)(\.d\.ts|\.js)(\.map)?$/.exec(path)?.[1];
    if (stem === undefined) continue;
    const source = `${stem.replace(/^dist\//, '')}.ts`;
    if (!existsSync(join(base, source))) rmSync(join(base, path));
  }
}
