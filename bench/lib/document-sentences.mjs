// Sentences of the project's own documents: text that no calibration saw.
import { readdir, readFile } from 'node:fs/promises';

const docs = new URL('../../docs/', import.meta.url);

/** Up to `count` different sentences of five words or more, spread over all documents. */
export async function documentSentences(count) {
  const names = (await readdir(docs)).filter((name) => name.endsWith('.md')).sort();
  const texts = await Promise.all(names.map((name) => readFile(new URL(name, docs), 'utf8')));
  const prose = texts.map((text) => text.replace(/^```[^]*?^```/gm, '').replace(/^[|#].*$/gm, '')).join('\n\n');
  const sentences = prose.split(/(?<=[.:?!])\s+|\n\s*\n|\n- /).map((sentence) => sentence.replace(/\s+/g, ' ').trim());
  const all = [...new Set(sentences)].filter((sentence) => sentence.split(' ').length >= 5);
  const step = Math.max(1, all.length / count);
  return Array.from({ length: Math.min(count, all.length) }, (_, i) => all[Math.floor(i * step)]);
}
