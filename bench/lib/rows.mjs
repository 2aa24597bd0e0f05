// Rows of the REST benchmarks' tables: ours, beside it a peer or the limit, their ratio, the bar, and whether it was reached.
import { cpus, totalmem } from 'node:os';

export const head = ['what', 'ours', 'peer or limit', 'ratio', 'bar', ''];

/**
 * @param {object} cells `beside`: the peer's number, or absent to set ours against the bar itself; `most` or `least`: the bar, absent where the
 *   number is only shown
 */
export function line(what, ours, { beside, besideName = '', most, least, unit = 'ms', digits = 2 }) {
  const say = (value) => `${value.toFixed(digits)}${unit === '' ? '' : ` ${unit}`}`;
  const bar = most ?? least;
  const reference = beside ?? bar;
  const reached = most === undefined ? ours >= least : ours < most;
  return [
    what,
    say(ours),
    beside === undefined ? (bar === undefined ? '-' : `limit ${say(bar)}`) : `${besideName} ${say(beside)}`.trim(),
    reference === undefined ? '-' : (ours / reference).toFixed(2),
    bar === undefined ? '-' : `${most === undefined ? '>=' : '<'} ${say(bar)}`,
    bar === undefined ? 'shown' : reached ? 'held' : 'missed',
  ];
}

/** The machine, for the line above a table. */
export function machine() {
  const [cpu] = cpus();
  return `${cpus().length} x ${cpu?.model.trim() ?? 'unknown processor'}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Node ${process.version}`;
}
