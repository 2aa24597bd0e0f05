// npm start [-- flags]: the set-up, then the server in this same process, so that signals reach it.
import { checkFirstStart } from './lib/first-start.mjs';
import { setUp } from './setup.mjs';

await setUp({ before: () => checkFirstStart(process.argv.slice(2)) });
const { runCommandLine } = await import('../packages/server/dist/src/cli/command-line.js');
process.exitCode = await runCommandLine(['serve', ...process.argv.slice(2)]);
