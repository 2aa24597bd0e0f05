// Tables and medians.

export function quantile(values, q) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
}

export const median = (values) => quantile(values, 0.5);

/** Prints rows of cells under a head, columns as wide as they need to be. */
export function printTable(head, rows) {
  const lines = [head, ...rows].map((row) => row.map(String));
  const widths = head.map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  const show = (line) => `| ${line.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`;
  console.log([show(lines[0]), `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...lines.slice(1).map(show)].join('\n'));
}

/** A row of `ours | peer | ratio | bar | verdict`, times in microseconds unless said otherwise. */
export function compared(what, ours, peer, bar, unit = 'us') {
  const ratio = ours / peer;
  const verdict = bar === undefined ? 'shown' : ratio <= bar ? 'held' : 'missed';
  return [
    what,
    `${ours.toFixed(1)} ${unit}`,
    `${peer.toFixed(1)} ${unit}`,
    ratio.toFixed(2),
    bar === undefined ? '-' : `<= ${bar}`,
    verdict,
  ];
}

export const comparedHead = ['what', 'ours', 'peer', 'ratio', 'bar', ''];
