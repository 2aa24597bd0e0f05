// npm run demo [-- folder]: the set-up, then the demonstration.
import { setUp } from './setup.mjs';

await setUp();
const { runCommandLine } = await import('../packages/server/dist/src/cli/command-line.js');
process.exitCode = await runCommandLine(['demo', ...process.argv.slice(2)]);
