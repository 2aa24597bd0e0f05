// The models that may be used, by name: what is known of each, and the resident of each precision.
import { VoisinError } from '../errors.js';
import { precisionsOf, shortName, type ModelDescription } from './models/model-description.js';
import type { KnownModel, ModelRegistry } from './models/model-registry.js';
import type { Settings } from './options.js';
import { Resident } from './resident.js';
import type { Residents } from './residents.js';
import type { ModelInfo, Precision } from './types.js';

export class AvailableModels {
  readonly #registry: ModelRegistry;
  readonly #residents: Residents;
  readonly #settings: Settings;
  /** By precision and full name. */
  readonly #made = new Map<string, Resident>();

  constructor(registry: ModelRegistry, residents: Residents, settings: Settings) {
    this.#registry = registry;
    this.#residents = residents;
    this.#settings = settings;
  }

  /** The models that are known and allowed. */
  infos(): ModelInfo[] {
    return this.#registry
      .list()
      .filter(({ name }) => this.#isAllowed(name))
      .map((known) => this.#infoOf(known));
  }

  /** Throws `not_found` listing what there is, `permission_denied` where the model is not allowed. */
  info(name: string): ModelInfo {
    const known = this.#registry.find(name);
    if (!known) throw this.#registry.unknown(name);
    this.#requireAllowed(known.name);
    return this.#infoOf(known);
  }

  /** Reads the files of the models that are not in memory anew, and finds what has come and what is gone. */
  refresh(): Promise<void> {
    return this.#registry.refresh(this.#isInMemory);
  }

  /**
   * In this precision, else in the first that there is. A model in memory is used as it was loaded; the files of another are looked at anew.
   * Throws as `info` does, `failed_precondition` naming the file of a model that cannot be used, and `invalid_argument` without that precision.
   */
  resident(name: string, precision?: Precision): Resident | Promise<Resident> {
    const known = this.#registry.find(name);
    this.#requireAllowed(known?.name ?? name);
    return (known && this.#inMemory(known.name, precision)) ?? this.#found(name, precision);
  }

  /** The resident of a model whose files have just been read; undefined where they have to be brought first, or cannot be used. */
  justRead(name: string): Resident | undefined {
    const description = this.#registry.find(name)?.description;
    return description && this.#of(description);
  }

  async #found(name: string, precision: Precision | undefined): Promise<Resident> {
    const description = await this.#registry.describe(name, precision, this.#isInMemory);
    this.#requireAllowed(description.name);
    return this.#of(description, precision);
  }

  #inMemory(name: string, precision: Precision | undefined): Resident | undefined {
    if (precision === undefined) return this.#inMemory(name, 'fp32') ?? this.#inMemory(name, 'int8');
    const made = this.#made.get(`${precision} ${name}`);
    return made?.isLoaded === true || made?.isLoading === true ? made : undefined;
  }

  readonly #isInMemory = (name: string): boolean => this.#inMemory(name, undefined) !== undefined;

  #of(description: ModelDescription, precision: Precision = precisionsOf(description)[0] ?? 'fp32'): Resident {
    const key = `${precision} ${description.name}`;
    const made = this.#made.get(key);
    // It may have been loaded meanwhile, or its files say what they said.
    if (made && (made.isLoaded || made.isLoading || made.description === description)) return made;
    const resident = new Resident(description, precision, this.#settings);
    this.#made.set(key, resident);
    return resident;
  }

  /** Every resident that was ever asked for. */
  all(): Resident[] {
    return [...this.#made.values()];
  }

  #isAllowed(name: string): boolean {
    const { allowedModels } = this.#settings;
    return allowedModels.length === 0 || allowedModels.some((allowed) => allowed === name || allowed === shortName(name));
  }

  #requireAllowed(name: string): void {
    if (this.#isAllowed(name)) return;
    const allowed = this.#settings.allowedModels.join(', ');
    throw new VoisinError('permission_denied', `model: ${JSON.stringify(name)} is not allowed; allowed are: ${allowed}`, {
      field: 'model',
    });
  }

  #infoOf({ name, problem, ...known }: KnownModel): ModelInfo {
    const description = this.#inMemory(name, undefined)?.description ?? known.description;
    const { dimension = 0, maxTokens = 0 } = description ?? {};
    const precisions = description ? precisionsOf(description) : [];
    const made = precisions.map((precision) => this.#made.get(`${precision} ${name}`));
    return {
      name,
      shortName: shortName(name),
      dimension,
      maxTokens,
      precisions,
      ...(description && { pooling: description.pooling }),
      ...this.#memoryOf(made.find((one) => one?.isLoaded) ?? made.find((one) => one !== undefined)),
      ...(problem && { problem: problem.message }),
    };
  }

  #memoryOf(resident: Resident | undefined): Pick<ModelInfo, 'resident' | 'hash' | 'loadSeconds' | 'loadedAt' | 'lastUsedAt'> {
    if (!resident) return { resident: false };
    const lastUsedAt = this.#residents.lastUsedAt(resident);
    return { resident: resident.isLoaded, ...resident.lastLoad, ...(lastUsedAt !== undefined && { lastUsedAt }) };
  }
}
