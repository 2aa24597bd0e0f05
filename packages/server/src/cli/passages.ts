// A text cut into passages that a model reads whole, each with the lines where it stands.

export interface Passage {
  readonly text: string;
  /** The first and last line, counted from 1. */
  readonly from: number;
  readonly to: number;
}

/** Some 110 word pieces of English, one thought; all-MiniLM-L6-v2 reads no more than 256. */
const usualLength = 450;
const longestLength = 800;

/** Paragraphs are kept whole where they fit, joined while they are short, and begin anew at a Markdown heading. */
export function passagesOf(text: string): Passage[] {
  const passages: Passage[] = [];
  let lines: string[] = [];
  let from = 1;
  let length = 0;
  const finish = (to: number) => {
    const joined = lines.join('\n').trim();
    const blankBefore = lines.findIndex((line) => line.trim() !== '');
    if (/[\p{L}\p{N}]/u.test(joined)) passages.push({ text: joined, from: from + Math.max(0, blankBefore), to });
    lines = [];
    length = 0;
    from = to + 1;
  };
  for (const [at, line] of text.split(/\r\n|\n|\r/).entries()) {
    const number = at + 1;
    const blank = line.trim() === '';
    const startsAnew = /^#{1,6} /.test(line) || (blank && length >= usualLength) || length + line.length > longestLength;
    if (startsAnew && lines.length > 0) finish(number - 1);
    if (line.length <= longestLength) {
      lines.push(line);
      if (!blank) length += line.length + 1;
    } else {
      for (const piece of pieces(line)) {
        lines.push(piece);
        finish(number);
        from = number;
      }
      from = number + 1;
    }
  }
  finish(from + lines.length - 1);
  return passages;
}

/** A line longer than a passage, cut between words where it has any. */
function pieces(line: string): string[] {
  return line.match(new RegExp(`\\S[^]{0,${usualLength - 1}}(?=\\s|$)|\\S{1,${usualLength}}`, 'gu')) ?? [];
}
