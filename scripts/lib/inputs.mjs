// Has something changed since it was built? A stamp beside the outputs holds a digest of the inputs' contents.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Files under `paths` (files or folders, relative to `base`), in one order on every machine; node_modules, dist and build are left out. */
export function filesUnder(base, paths) {
  const found = [];
  const visit = (path) => {
    const full = join(base, path);
    if (!existsSync(full)) return;
    if (!statSync(full).isDirectory()) return void found.push(path);
    for (const name of readdirSync(full)) {
      if (!['node_modules', 'dist', 'build'].includes(name) && !name.startsWith('.')) visit(`${path}/${name}`);
    }
  };
  for (const path of paths) visit(path);
  return found.sort();
}

/** Contents rather than times: a checkout of the same sources is no reason to build again. */
export function digestOf(base, paths, extra = '') {
  const hash = createHash('sha256').update(extra);
  for (const path of filesUnder(base, paths)) {
    const bytes = readFileSync(join(base, path));
    hash.update(`\n${path} ${bytes.length}\n`).update(bytes);
  }
  return hash.digest('hex');
}

/** @returns whether `stamp` says that `outputs`, as long as they are now, were made from inputs with this digest */
export function isCurrent(base, { stamp, outputs }, digest) {
  const path = join(base, stamp);
  if (![stamp, ...outputs].every((file) => existsSync(join(base, file)))) return false;
  return readFileSync(path, 'utf8') === stampOf(base, outputs, digest);
}

export function writeStamp(base, { stamp, outputs }, digest) {
  const path = join(base, stamp);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, stampOf(base, outputs, digest));
}

/** With the sizes of the outputs: one that a full disk cut is made again. */
function stampOf(base, outputs, digest) {
  const sizes = outputs.map((output) => statSync(join(base, output)).size);
  return `${digest} ${sizes.join(' ')}`;
}
