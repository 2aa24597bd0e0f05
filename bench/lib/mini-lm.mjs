// The bundled model and what it is asked: texts that no cache knows.
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { random } from './vectors.mjs';

export const modelFile = (file) => fileURLToPath(new URL(`../../models/all-MiniLM-L6-v2/${file}`, import.meta.url));
/** Of the bare loop and the Python server: as many as the two cores that the numbers are for, on any machine. */
export const threads = Math.min(2, availableParallelism());

const words =
  `time year people way day man thing woman life child world school state family student group country problem hand part place case
week company system program question work government number night point home water room mother area money story fact month lot right study book eye
job word business issue side kind head house service friend father power hour game line end member law car city community name president team
minute idea body information back parent face others level office door health person art war history party result change morning reason research
girl guy moment air teacher force education foot boy age policy music market sense nation plan college interest death experience effect use class
control care field development role effort rate heart drug show leader light voice wife police mind price report decision son view relationship
town road arm difference value building action season society tax director position player record paper space ground form event official matter
center couple site project activity star table need court oil situation cost industry figure street image phone data picture practice piece land
product doctor wall patient worker news test movie north love`.split(/\s+/);

/** A text of so many words, the same for the same seed. A word is one word piece. */
export function textOf(count, seed) {
  const next = random(seed);
  return Array.from({ length: count }, () => words[Math.floor(next() * words.length)]).join(' ');
}

/** New texts without end. `series` keeps apart what several callers draw. */
export function* freshTexts(count, series) {
  for (let i = 0; ; i++) yield textOf(count, series * 10_000_000 + i);
}
