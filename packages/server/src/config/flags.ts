// The flags of `voisin serve`: --name value, --name=value, --switch, --no-switch. Whatever is not in the schema is refused by name.
import { VoisinError } from '../errors.js';
import type { Setting } from './setting.js';
import { nearest } from './suggest.js';

/**
 * @param command what stands before the flags where that is easily forgotten, as advice shows it
 * @returns the text given for each setting; of a flag given twice the last counts, so that a wrapper's flags can be overridden.
 */
export function parseFlags(argv: readonly string[], schema: readonly Setting<unknown>[], command = ''): Map<Setting<unknown>, string> {
  const known = new Map(schema.flatMap((setting) => (setting.flag === undefined ? [] : [[setting.flag, setting] as const])));
  const given = new Map<Setting<unknown>, string>();
  for (let at = 0; at < argv.length; at++) {
    const argument = argv[at] ?? '';
    const [, flag, inline] = /^--([^=]+)(?:=(.*))?$/s.exec(argument) ?? [];
    if (flag === undefined) throw unexpected(argument, command);
    const setting = known.get(flag);
    if (setting === undefined) {
      const opposite = flag.startsWith('no-') ? known.get(flag.slice(3)) : undefined;
      if (opposite === undefined || opposite.placeholder !== undefined) throw unknownFlag(flag, known);
      if (inline !== undefined) throw new VoisinError('invalid_argument', `--${flag} takes no value`);
      given.set(opposite, 'false');
    } else if (inline !== undefined) given.set(setting, inline);
    else if (setting.placeholder === undefined) given.set(setting, 'true');
    else {
      const value = argv[++at];
      if (value === undefined || value.startsWith('--'))
        throw new VoisinError('invalid_argument', `--${flag} needs a value: ${setting.accepts}`);
      given.set(setting, value);
    }
  }
  return given;
}

function unexpected(argument: string, command: string): VoisinError {
  const advice = /^-[^-]/.test(argument)
    ? `flags begin with two dashes, such as ${command}--port 9000`
    : `settings are given as flags, such as ${command}--port 9000`;
  return new VoisinError('invalid_argument', `unexpected argument ${JSON.stringify(argument)}: ${advice}`);
}

function unknownFlag(flag: string, known: ReadonlyMap<string, Setting<unknown>>): VoisinError {
  const plain = flag.toLowerCase().replaceAll('_', '-');
  // A flag spelled as its variable (--FAISS_DATA_DIR) is meant exactly; any other is a slip of the fingers.
  const sameName = [...known.values()].find((setting) => setting.name.toLowerCase().replaceAll('_', '-') === plain)?.flag;
  const meant = sameName ?? nearest(plain, known.keys());
  const advice = meant === undefined ? 'see voisin help serve' : `did you mean --${meant}?`;
  return new VoisinError('invalid_argument', `unknown flag --${flag}; ${advice}`);
}
