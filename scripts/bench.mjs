// npm run bench [-- name [arguments]]: the set-up, then bench/name.mjs; without a name, what there is.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root, say } from './lib/steps.mjs';
import { setUp } from './setup.mjs';

const [name, ...args] = process.argv.slice(2);
const file = join(root, 'bench', `${name}.mjs`);
if (name === undefined || !/^[a-z0-9-]+$/.test(name) || !existsSync(file)) {
  if (name !== undefined) say(`There is no benchmark named ${JSON.stringify(name)}.`);
  say('Benchmarks (npm run bench -- NAME):');
  for (const found of readdirSync(join(root, 'bench')).filter((entry) => entry.endsWith('.mjs'))) {
    const purpose = readFileSync(join(root, 'bench', found), 'utf8')
      .split('\n', 1)[0]
      .replace(/^\/\/ */, '');
    say(`  ${found.replace(/\.mjs$/, '').padEnd(24)} ${purpose}`);
  }
  process.exitCode = name === undefined ? 0 : 2;
} else {
  await setUp({ tests: true });
  process.exitCode = spawnSync(process.execPath, [file, ...args], { cwd: root, stdio: 'inherit' }).status ?? 1;
}
