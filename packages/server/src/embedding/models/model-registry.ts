// Every model that is known by name: those in folders, in the Hugging Face hub cache and bundled.
import { VoisinError } from '../../errors.js';
import { readModelDirectory } from './model-directory.js';
import { shortName, type ModelDescription } from './model-description.js';
import { findModels, type ModelPlace } from './model-places.js';

/** A model by name: what its files say, or why they cannot be used. */
export interface KnownModel {
  readonly name: string;
  readonly shortName: string;
  readonly directory: string;
  readonly description: ModelDescription | undefined;
  readonly problem: VoisinError | undefined;
}

export interface RegistryOptions {
  /** Folders searched for models: `folder/model` and `folder/owner/model`. The first place of a name counts. */
  readonly folders?: readonly string[];
  /** Models by name and place, before those found in folders. */
  readonly models?: readonly ModelPlace[];
}

export class ModelRegistry {
  readonly #options: RegistryOptions;
  readonly #models = new Map<string, KnownModel>();

  private constructor(options: RegistryOptions) {
    this.#options = options;
  }

  /** Looks at every place and reads each model's description. A model that cannot be used is kept with its problem. */
  static async open(options: RegistryOptions): Promise<ModelRegistry> {
    const registry = new ModelRegistry(options);
    const found = await Promise.all((options.folders ?? []).map(findModels));
    for (const place of [...(options.models ?? []), ...found.flat()]) await registry.#read(place);
    return registry;
  }

  list(): KnownModel[] {
    return [...this.#models.values()];
  }

  /** The model of this full name, or of this last part of one; also one that cannot be used. */
  find(name: string): KnownModel | undefined {
    return this.#models.get(name) ?? this.list().find((model) => model.shortName === name);
  }

  /**
   * The description of a model, looked for anew where it is not known or had a problem; downloaded where that is allowed.
   * Throws `not_found` listing what there is, or `failed_precondition` naming the file that is missing, cut or wrong.
   */
  async describe(name: string): Promise<ModelDescription> {
    const known = this.find(name);
    if (known?.description) return known.description;
    if (!known) throw this.unknown(name);
    const again = await this.#read(known);
    if (again.description) return again.description;
    throw again.problem ?? this.unknown(name);
  }

  /** The error of a name that no model has. */
  unknown(name: string): VoisinError {
    const known = [...this.#models.keys()].toSorted().join(', ') || 'none';
    return new VoisinError('not_found', `no model ${JSON.stringify(name)}; there are: ${known}`, { field: 'model' });
  }

  async #read({ name, directory }: ModelPlace): Promise<KnownModel> {
    const present = this.#models.get(name);
    if (present && (present.directory !== directory || present.description)) return present;
    const base = { name, shortName: shortName(name), directory };
    const model = await readModelDirectory(name, directory).then(
      (description): KnownModel => ({ ...base, description, problem: undefined }),
      (error: unknown): KnownModel => {
        if (!(error instanceof VoisinError)) throw error;
        return { ...base, description: undefined, problem: error };
      },
    );
    this.#models.set(name, model);
    return model;
  }
}
