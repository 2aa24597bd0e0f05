// Tables for people, JSON for programs.

/** Columns as wide as their widest cell; numbers to the right. */
export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const lines = [head, ...rows];
  const widths = head.map((_, at) => Math.max(...lines.map((line) => String(line[at] ?? '').length)));
  const text = (cell: string | number, width: number): string =>
    typeof cell === 'number' ? String(cell).padStart(width) : cell.padEnd(width);
  return lines
    .map(
      (line) =>
        `${line
          .map((cell, at) => text(cell, widths[at] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

export function print(asJson: boolean | undefined, value: unknown, forPeople: () => string): void {
  process.stdout.write(asJson === true ? `${JSON.stringify(value, null, 2)}\n` : forPeople());
}

/** 2026-01-31 14:05, UTC; nothing for a time that is not there. */
export const minute = (time: string | undefined): string => time?.slice(0, 16).replace('T', ' ') ?? '-';
