// The lint rule that holds the layers is itself tested: each import that must not be is put into a file and has to be found.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { root } from './lib/steps.mjs';

let folder;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'voisin-layers-'));
  copyFileSync(join(root, '.oxlintrc.json'), join(folder, '.oxlintrc.json'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function lint(file, specifier) {
  const path = join(folder, 'packages/server/src', file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `import { thing } from '${specifier}';\n\nexport const used = thing;\n`);
  const { stdout, status } = spawnSync(
    join(root, 'node_modules/.bin/oxlint'),
    ['-A', 'all', '-D', 'no-restricted-imports', '-f', 'unix', path],
    { cwd: folder, encoding: 'utf8' },
  );
  return { found: stdout.includes('no-restricted-imports'), status };
}

test.each([
  ['errors.ts', './config/config.js'],
  ['config/x.ts', '../store/disk.js'],
  ['store/x.ts', '../indexes/indexes.js'],
  ['telemetry/x.ts', '../store/disk.js'],
  ['formats/x.ts', '../operations/operation.js'],
  ['process/x.ts', '../telemetry/logger.js'],
  ['indexes/x.ts', '../embedding/embedding.js'],
  ['indexes/filter/x.ts', '../../accounts/accounts.js'],
  ['indexes/x.ts', 'fastify'],
  ['embedding/x.ts', '../indexes/indexes.js'],
  ['accounts/x.ts', '../indexes/indexes.js'],
  ['operations/x.ts', 'pg'],
  ['store/x.ts', 'drizzle-orm/pg-core'],
  ['operations/x.ts', '../api/http/server.js'],
  ['operations/x.ts', '../context.js'],
  ['operations/x.ts', 'fastify'],
  ['api/http/x.ts', '../../context.js'],
  ['api/http/x.ts', 'classic-level'],
  ['context.ts', './cli/serve.js'],
  ['cli/x.ts', '../indexes/indexes.js'],
  ['indexes/x.ts', '@voisin/encoder'],
  ['operations/x.ts', '@voisin/encoder'],
  ['process/x.ts', '@voisin/encoder'],
  ['context.ts', '@voisin/encoder'],
  ['open-models.ts', '@voisin/encoder'],
  ['embedding/x.ts', '@voisin/faiss'],
  ['../../faiss/src/x.ts', '@voisin/server'],
  ['../../faiss/src/x.ts', '@voisin/encoder'],
  ['../../encoder/src/x.ts', '@voisin/server'],
  ['../../encoder/src/x.ts', '@voisin/faiss'],
  ['../../encoder/src/x.ts', '../../faiss/src/index.js'],
  ['../../client/src/x.ts', '@voisin/server'],
  ['../../client/src/x.ts', 'node:buffer'],
])('%s may not import %s', (file, specifier) => {
  expect(lint(file, specifier)).toEqual({ found: true, status: 1 });
});

test.each([
  ['config/x.ts', '../errors.js'],
  ['store/x.ts', '../config/config.js'],
  ['indexes/filter/x.ts', '../types.js'],
  ['indexes/x.ts', '../store/row-store.js'],
  ['indexes/x.ts', '@voisin/faiss'],
  ['process/x.ts', '@voisin/faiss'],
  ['embedding/x.ts', '@voisin/encoder'],
  ['embedding/x.ts', 'onnxruntime-node'],
  ['operations/x.ts', '../indexes/indexes.js'],
  ['accounts/x.ts', 'pg'],
  ['api/http/x.ts', '../../operations/operation.js'],
  ['context.ts', './indexes/indexes.js'],
  ['cli/x.ts', '../context.js'],
])('%s may import %s', (file, specifier) => {
  expect(lint(file, specifier)).toEqual({ found: false, status: 0 });
});
