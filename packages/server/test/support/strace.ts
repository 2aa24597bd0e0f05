// Reads what strace -f -y wrote: calls in the order in which they began and ended.
import { spawnSync } from 'node:child_process';

/** Why strace cannot be used here; undefined: it can. */
export function straceMissing(): string | undefined {
  const { status, error, stderr } = spawnSync('strace', ['-f', '-e', 'trace=none', 'true'], { encoding: 'utf8' });
  if (error !== undefined) return 'strace is not installed (apt-get install strace)';
  return status === 0 ? undefined : `strace cannot trace here: ${stderr.trim()}`;
}

export interface Call {
  readonly name: string;
  /** The line as strace wrote it, from the call on. */
  readonly text: string;
  /** What the call's first file descriptor, or its first path, is. */
  readonly file: string;
  /** Its place among all lines: when it began. */
  readonly begun: number;
  /** When it gave 0 or more; undefined: it failed, or never ended. */
  readonly done: number | undefined;
}

export function readCalls(trace: string): Call[] {
  const calls: { name: string; text: string; file: string; begun: number; done: number | undefined }[] = [];
  const unfinished = new Map<string, (typeof calls)[number]>();
  for (const [place, line] of trace.split('\n').entries()) {
    const [, thread = '', rest = ''] = /^(\d+)\s+(.*)$/.exec(line) ?? [];
    const succeeded = /= \d+(<.*)?$/.test(rest) ? place : undefined;
    if (rest.startsWith('<... ')) {
      const call = unfinished.get(thread);
      if (call !== undefined) call.done = succeeded;
      unfinished.delete(thread);
      continue;
    }
    const [, name = '', file = ''] = /^(\w+)\((?:\d+<([^>]*)>|"[^"]*")?/.exec(rest) ?? [];
    if (name === '') continue;
    const call = { name, text: rest, file, begun: place, done: succeeded };
    calls.push(call);
    if (rest.endsWith('<unfinished ...>')) unfinished.set(thread, call);
  }
  return calls;
}
