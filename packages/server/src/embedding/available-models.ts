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

  /** Throws `not_found` listing what there is, `invalid_argument` where the model is not allowed. */
  info(name: string): ModelInfo {
    const known = this.#registry.find(name);
    this.#requireAllowed(known?.name ?? name);
    if (known) return this.#infoOf(known);
    throw this.#registry.unknown(name);
  }

  /** Throws as `info` does, `failed_precondition` naming the file of a model that cannot be used, and `invalid_argument` without that precision. */
  resident(name: string, precision: Precision): Resident | Promise<Resident> {
    const known = this.#registry.find(name);
    this.#requireAllowed(known?.name ?? name);
    return known?.description ? this.#of(known.description, precision) : this.#found(name, precision);
  }

  async #found(name: string, precision: Precision): Promise<Resident> {
    const description = await this.#registry.describe(name);
    this.#requireAllowed(description.name);
    return this.#of(description, precision);
  }

  #of(description: ModelDescription, precision: Precision): Resident {
    const key = `${precision} ${description.name}`;
    const made = this.#made.get(key);
    // Files that could not be read may have been mended, and then are described anew.
    if (made?.description === description) return made;
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
    throw new VoisinError('invalid_argument', `model: ${JSON.stringify(name)} is not allowed; allowed are: ${allowed}`, { field: 'model' });
  }

  #infoOf({ name, description, problem }: KnownModel): ModelInfo {
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
