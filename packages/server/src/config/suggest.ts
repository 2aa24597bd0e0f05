// The nearest known word to a mistyped one, for "did you mean ...?".

/** @returns the word at the smallest edit distance, when that is small enough to be a slip of the fingers. */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(word, candidate);
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/**
 * For the environment, which others write into too: only a slip of one letter, or of two in a long word, counts, and none in the first.
 * @returns the word that was most probably meant
 */
export function misspelt(word: string, known: Iterable<string>): string | undefined {
  const most = word.length < 8 ? 0 : word.length < 12 ? 1 : 2;
  const isNear = (other: string): boolean => other[0] === word[0] && Math.abs(other.length - word.length) <= most;
  return [...known].find((candidate) => isNear(candidate) && editDistance(word, candidate) <= most);
}

/** Insertions, deletions, replacements and swaps of neighbours (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1));
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) cost = Math.min(cost, (beforeLast[j - 2] ?? 0) + 1);
      row.push(cost);
    }
    [beforeLast, last] = [last, row];
  }
  return last[b.length] ?? 0;
}
