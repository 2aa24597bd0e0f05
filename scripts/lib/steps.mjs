// One step of the set-up: a line when it begins, a line with its duration when it ends, and the log of what went wrong.
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { freemem } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const stopping = ['SIGINT', 'SIGTERM', 'SIGHUP'];

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
 * @param advice what the user can do when it fails, or a function that finds that in the log
 * @throws SetUpError with the last lines of the log, its place, and `advice`
 */
export async function command(name, program, args, { env = {}, advice = '' } = {}) {
  const log = join(root, 'build/logs', `${name}.log`);
  const shown = [program, ...args].join(' ');
  const { code, signal, missing } = await run(openLog(log), shown, program, args, env);
  if (code === 0) return;
  const how = missing ?? (signal === null ? `exit code ${code}` : `ended by ${signal}`);
  const lines = readFileSync(log, 'utf8').trimEnd().split('\n').slice(-25);
  const hint = adviceFor({ code, signal, log: lines.join('\n') }, advice);
  throw new SetUpError(
    `${shown}\nfailed: ${how}\n    ${lines.join('\n    ')}\nThe whole log: ${relative(process.cwd(), log)}${hint === '' ? '' : `\n${hint}`}`,
  );
}

/** The system ends a program with SIGKILL when memory runs out; compilers and V8 say it in words. */
export function adviceFor({ code, signal, log }, advice) {
  if (signal === 'SIGKILL' || code === 137 || /Killed signal|out of memory|Cannot allocate memory|std::bad_alloc/i.test(log)) {
    return `It seems that memory ran out (${Math.round(freemem() / 1024 ** 2)} MB are free now): 1 GB is enough. Free some or add swap, then run this again; what is done stays done.`;
  }
  if (/ENOSPC|No space left on device/i.test(log)) return `The disk is full: the whole takes 1.5 GB. Free some, then run this again.`;
  return typeof advice === 'function' ? advice(log) : advice;
}

function openLog(log) {
  try {
    mkdirSync(dirname(log), { recursive: true });
    return openSync(log, 'w');
  } catch (error) {
    throw new SetUpError(`Cannot write ${log}: ${error.code}. The set-up builds in this folder: run it as a user who may write there.`);
  }
}

async function run(out, shown, program, args, env) {
  writeSync(out, `$ ${shown}\n`);
  // A process group of its own: a signal to us ends what it has started as well.
  const child = spawn(program, args, { cwd: root, env: { ...process.env, ...env }, stdio: ['ignore', out, out], detached: true });
  const stop = (signal, number) => {
    if (child.pid !== undefined) process.kill(-child.pid, signal);
    say('\nSet-up was interrupted; what is done stays done.');
    process.exit(128 + number);
  };
  for (const signal of stopping) process.once(signal, stop);
  try {
    return await new Promise((resolve) => {
      child.on('error', (error) => resolve({ missing: error.message }));
      child.on('close', (code, signal) => resolve({ code, signal }));
    });
  } finally {
    for (const signal of stopping) process.off(signal, stop);
    closeSync(out);
  }
}
