// The arguments of a command that takes a few words and flags.
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { everySetting } from '../../config/schema.js';
import { nearest } from '../../config/suggest.js';
import { VoisinError } from '../../errors.js';

type Flags = NonNullable<ParseArgsConfig['options']>;
type Parsed<Options extends Flags> = ReturnType<
  typeof parseArgs<{ args: string[]; options: Options; allowPositionals: true; strict: true }>
>;

interface Arguments<Options extends Flags> {
  readonly values: Parsed<Options>['values'];
  readonly words: readonly string[];
}

/** The flags and the words that are none. Throws `invalid_argument` where a flag is unknown or there are not `wanted` words. */
export function readArguments<const Options extends Flags>(
  argv: readonly string[],
  options: Options,
  wanted: readonly string[],
): Arguments<Options> {
  const { values, positionals } = parsed(argv, options);
  if (positionals.length === wanted.length) return { values, words: positionals };
  const usage = wanted.length === 0 ? 'nothing is' : `${wanted.join(' ')} is`;
  throw new VoisinError('invalid_argument', `${usage} wanted, ${positionals.length === 0 ? 'nothing' : positionals.join(' ')} came`);
}

/** Settings have no flags here: their commands read them from the environment. */
function unknownFlag(flag: string, known: readonly string[]): VoisinError {
  const meant = nearest(flag.replace(/^-+/, ''), known);
  const setting = everySetting.find((one) => flag === `--${one.flag}`);
  const accepted = known.length === 0 ? 'none is accepted' : `accepted: ${known.map((one) => `--${one}`).join(', ')}`;
  const advice = setting ? `it is set by ${setting.name} in the environment` : meant === undefined ? accepted : `did you mean --${meant}?`;
  return new VoisinError('invalid_argument', `unknown flag ${flag}; ${advice}`);
}

function parsed<const Options extends Flags>(argv: readonly string[], options: Options): Parsed<Options> {
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: true, strict: true });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const [, flag] = /^Unknown option '(-[^']*)'/.exec(error.message) ?? [];
    if (flag !== undefined) throw unknownFlag(flag, Object.keys(options));
    const [, bare] = /^Option '(?:-\w, )?(--\S+) <value>' argument/.exec(error.message) ?? [];
    if (bare !== undefined) throw new VoisinError('invalid_argument', `${bare} needs a value`);
    throw new VoisinError('invalid_argument', error.message, undefined, { cause: error });
  }
}
