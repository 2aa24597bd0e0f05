// npm run build, npm run build:native (--native): the same builds as the set-up's, made even when nothing changed.
import { ensureAddons, ensureCode } from './lib/builds.mjs';
import { SetUpError, say } from './lib/steps.mjs';

try {
  await (process.argv.includes('--native') ? ensureAddons({ force: true }) : ensureCode({ force: true }));
} catch (error) {
  if (!(error instanceof SetUpError)) throw error;
  say(error.message);
  process.exitCode = 1;
}
