// What Prometheus learns of models and the processes that run them.
import { Counter, Gauge, type Registry } from 'prom-client';

export interface EmbeddingReading {
  /** Full names of the models in memory. */
  readonly residents: readonly string[];
  /** Process ids. */
  readonly workers: readonly number[];
  /** Processes that ended by themselves, since the start. */
  readonly restarts: number;
}

/** @param read is asked at each scrape */
export function addEmbeddingMetrics(registry: Registry, read: () => EmbeddingReading): void {
  const gauge = (name: string, help: string, value: (reading: EmbeddingReading) => number): void => {
    registry.registerMetric(
      new Gauge({
        name,
        help,
        registers: [],
        collect() {
          this.set(value(read()));
        },
      }),
    );
  };
  gauge('voisin_models_loaded', 'Models in memory', ({ residents }) => residents.length);
  gauge('voisin_inference_processes', 'Inference processes', ({ workers }) => workers.length);
  registry.registerMetric(
    new Counter({
      name: 'voisin_inference_restarts_total',
      help: 'Inference processes that ended by themselves and were replaced',
      registers: [],
      collect() {
        this.reset();
        this.inc(read().restarts);
      },
    }),
  );
}
