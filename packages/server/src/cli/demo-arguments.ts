// The arguments of `voisin demo`.
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { VoisinError } from '../errors.js';

export interface DemoArguments {
  readonly folder: string;
  /** This project's own documents: Markdown alone is taken of it. */
  readonly ownDocuments: boolean;
  /** To be answered one after another; none: they are typed. */
  readonly questions: readonly string[];
}

const projectFolder = fileURLToPath(new URL('../../../../../', import.meta.url));

/** @param workingFolder where a relative folder begins; npm run changes the process's own to the project's */
export function parseDemoArguments(argv: readonly string[], workingFolder: string): DemoArguments {
  let folder: string | undefined;
  const questions: string[] = [];
  for (let at = 0; at < argv.length; at++) {
    const argument = argv[at] ?? '';
    const [, inline] = /^--question=(.*)$/s.exec(argument) ?? [];
    if (argument === '--question' || inline !== undefined) {
      const question = (inline ?? argv[++at] ?? '').trim();
      if (question === '') throw new VoisinError('invalid_argument', '--question needs a text');
      questions.push(question);
    } else if (argument.startsWith('-')) throw new VoisinError('invalid_argument', `unknown flag ${argument}; accepted: --question TEXT`);
    else if (folder !== undefined) throw new VoisinError('invalid_argument', `one folder at a time: ${folder}, ${argument}`);
    else folder = argument;
  }
  return { folder: folder === undefined ? projectFolder : resolve(workingFolder, folder), ownDocuments: folder === undefined, questions };
}
