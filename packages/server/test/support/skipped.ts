/** The end of the title of tests that are skipped for `reason`: the count of the tests shows it. */
export function skipped(reason: string | undefined): string {
  return reason === undefined ? '' : ` (skipped: ${reason})`;
}
