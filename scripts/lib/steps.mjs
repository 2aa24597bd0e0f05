// One step of the set-up: a line when it begins, a line with its duration when it ends, and the log of what went wrong.
import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** A problem with an answer: the message is all that the user needs, so no stack is shown. */
export class SetUpError extends Error {}

/** Prints to stderr: stdout belongs to what runs after the set-up. */
export function say(line) {
  process.stderr.write(`${line}\n`);
}

export function seconds(since) {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}

/** Runs `work` between two lines. On a terminal the second takes the place of the first. */
export async function step(title, work) {
  const begun = performance.now();
  const terminal = process.stderr.isTTY;
  process.stderr.write(terminal ? `  ${title} ...` : `  ${title} ...\n`);
  try {
    await work();
  } catch (error) {
    if (terminal) process.stderr.write('\n');
    throw error;
  }
  process.stderr.write(`${terminal ? '\r' : ''}  ${title}: done in ${seconds(begun)}\n`);
}

/**
 * Runs a program without input, its output in build/logs/NAME.log.
 * @throws SetUpError with the last lines of the log, its place, and `advice`
 */
export async function command(name, program, args, { env = {}, advice = '' } = {}) {
  mkdirSync(join(root, 'build/logs'), { recursive: true });
  const log = join(root, 'build/logs', `${name}.log`);
  const shown = [program, ...args].join(' ');
  const { code, signal, missing } = await new Promise((resolve) => {
    const out = createWriteStream(log);
    out.write(`$ ${shown}\n`);
    const child = spawn(program, args, { cwd: root, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.pipe(out, { end: false });
    child.stderr.pipe(out, { end: false });
    child.on('error', (error) => out.end(() => resolve({ missing: error.message })));
    child.on('close', (code, signal) => out.end(() => resolve({ code, signal })));
  });
  if (code === 0) return;
  const how = missing ?? (signal === null ? `exit code ${code}` : `ended by ${signal}`);
  const tail = readFileSync(log, 'utf8').trimEnd().split('\n').slice(-25).join('\n    ');
  throw new SetUpError(
    `${shown}\nfailed: ${how}\n    ${tail}\nThe whole log: ${relative(process.cwd(), log)}${advice === '' ? '' : `\n${advice}`}`,
  );
}
