// Days and times as people write them, read strictly: to Date, 31 February is the 3rd of March.

/** @param text as 2026-12-31 */
export function isDay(text: string): boolean {
  const time = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(text) : Number.NaN;
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

/** @param text as 2026-12-31, which begins at midnight UTC, or 2026-12-31T12:00:00Z. @returns undefined for what is no time */
export function timeOf(text: string): Date | undefined {
  const [, day = ''] = /^(\d{4}-\d\d-\d\d)(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d))?$/.exec(text) ?? [];
  const time = isDay(day) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? undefined : new Date(time);
}
