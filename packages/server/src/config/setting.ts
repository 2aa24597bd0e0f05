// What a setting is: a name in the environment, a flag, a kind that reads its text, a default and a line of help.

/** One row of the schema. `parse` takes the trimmed text and throws a `SettingProblem` that says what is accepted. */
export interface Setting<T> {
  readonly name: string;
  /** Without its dashes. A secret has none: a command line is seen by every user of the machine. */
  readonly flag: string | undefined;
  readonly group: string;
  readonly help: string;
  /** What is accepted, in words: "a whole number from 0 to 65535". */
  readonly accepts: string;
  /** The value's stand-in in help; undefined for switches, which need none. */
  readonly placeholder: string | undefined;
  readonly default: T;
  /** The default as documents show it. */
  readonly defaultText: string;
  parse(text: string): T;
}

/** The value was not accepted; the message continues a sentence that began with the setting's name. */
export class SettingProblem extends Error {}

interface Row {
  readonly group: string;
  readonly help: string;
  readonly flag?: string;
  readonly defaultText?: string;
}

const flagOf = (name: string): string => name.toLowerCase().replaceAll('_', '-');

function refuse(text: string, accepts: string): never {
  throw new SettingProblem(`${JSON.stringify(text)} is not ${accepts}`);
}

export function text(
  name: string,
  row: Row & { default: string; accepts: string; placeholder: string; pattern?: RegExp },
): Setting<string> {
  return {
    ...common(name, row, row.default === '' ? 'none' : row.default),
    accepts: row.accepts,
    placeholder: row.placeholder,
    default: row.default,
    parse: (value) => (row.pattern !== undefined && !row.pattern.test(value) ? refuse(value, row.accepts) : value),
  };
}

/** A whole number, with both ends included. */
export function integer(name: string, row: Row & { default: number; min: number; max: number }): Setting<number> {
  const accepts = `a whole number from ${row.min} to ${row.max}`;
  return {
    ...common(name, row, String(row.default)),
    accepts,
    placeholder: 'N',
    default: row.default,
    parse(value) {
      const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
      return number >= row.min && number <= row.max ? number : refuse(value, accepts);
    },
  };
}

const truths = new Map([
  ...['true', '1', 'yes', 'on'].map((word) => [word, true] as const),
  ...['false', '0', 'no', 'off'].map((word) => [word, false] as const),
]);

export function toggle(name: string, row: Row & { default: boolean }): Setting<boolean> {
  const accepts = 'true or false (also 1, yes, on; 0, no, off)';
  return {
    ...common(name, row, String(row.default)),
    accepts,
    placeholder: undefined,
    default: row.default,
    parse: (value) => truths.get(value.toLowerCase()) ?? refuse(value, accepts),
  };
}

/** One of a few words in any case; `aliases` are other spellings of them. */
export function choice<const W extends string>(
  name: string,
  row: Row & { default: NoInfer<W>; words: readonly W[]; aliases?: Readonly<Record<string, NoInfer<W>>> },
): Setting<W> {
  const accepts = `one of ${row.words.join(', ')}`;
  return {
    ...common(name, row, row.default),
    accepts,
    placeholder: 'WORD',
    default: row.default,
    parse(value) {
      const word = value.toLowerCase();
      return row.words.find((known) => known === word) ?? row.aliases?.[word] ?? refuse(value, accepts);
    },
  };
}

/** Comma-separated words, each accepted by `pattern`; spaces around them and empty ones are dropped. */
export function list(
  name: string,
  row: Row & { accepts: string; placeholder: string; pattern: RegExp; default?: readonly string[] },
): Setting<readonly string[]> {
  const preset = row.default ?? [];
  return {
    ...common(name, row, preset.join(',') || 'none'),
    accepts: row.accepts,
    placeholder: row.placeholder,
    default: preset,
    parse(value) {
      const words = value
        .split(',')
        .map((word) => word.trim())
        .filter((word) => word !== '');
      for (const word of words) if (!row.pattern.test(word)) refuse(word, row.accepts);
      return words;
    },
  };
}

function common(name: string, row: Row, defaultText: string) {
  return { name, flag: row.flag ?? flagOf(name), group: row.group, help: row.help, defaultText: row.defaultText ?? defaultText };
}
