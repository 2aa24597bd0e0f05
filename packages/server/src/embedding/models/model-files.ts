// Reads a model's files so that a missing, cut or wrong one is an error that names the file.
import { readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { VoisinError } from '../../errors.js';

export type JsonObject = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The error of a model whose files cannot be used: which model, which file, what is wrong with it. */
export function brokenModel(model: string, file: string, problem: string, cause?: unknown): VoisinError {
  return new VoisinError('failed_precondition', `model ${model}: ${file} ${problem}`, { model, file }, { cause });
}

const reason = (error: unknown): string => {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ENOENT' ? 'is missing' : `cannot be read (${typeof code === 'string' ? code : String(error)})`;
};

/** The files of one model directory; paths are relative to it, and stand so in errors. */
export class ModelFiles {
  constructor(
    readonly model: string,
    readonly directory: string,
  ) {}

  path(file: string): string {
    return join(this.directory, file);
  }

  broken(file: string, problem: string, cause?: unknown): VoisinError {
    return brokenModel(this.model, file, problem, cause);
  }

  async json(file: string): Promise<unknown> {
    let text: string;
    try {
      text = await readFile(this.path(file), 'utf8');
    } catch (error) {
      throw this.broken(file, reason(error), error);
    }
    try {
      return JSON.parse(text);
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      throw this.broken(file, `is not valid JSON, perhaps cut short: ${problem}`, error);
    }
  }

  async object(file: string): Promise<JsonObject> {
    const value = await this.json(file);
    if (!isObject(value)) throw this.broken(file, 'must hold a JSON object');
    return value;
  }

  /** A positive integer field of a JSON file; undefined where the field is absent or null. */
  integer(file: string, object: JsonObject, field: string): number | undefined {
    const value = object[field];
    if (value === undefined || value === null) return undefined;
    if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return value;
    throw this.broken(file, `has a wrong "${field}": a positive integer is wanted, ${JSON.stringify(value)} came`);
  }

  async isFile(file: string): Promise<boolean> {
    const found = await stat(this.path(file)).catch(() => undefined);
    return found?.isFile() ?? false;
  }

  async list(folder: string): Promise<string[]> {
    const names = await readdir(this.path(folder)).catch((): string[] => []);
    return names.toSorted();
  }
}
