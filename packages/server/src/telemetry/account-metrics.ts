// What Prometheus reads of accounts.
import { Counter, Gauge, type Registry } from 'prom-client';

export interface AccountReading {
  /** Requests refused, since the start. */
  readonly refused: { readonly minute: number; readonly month: number };
  /** What was used cannot be written now. */
  readonly usageWaits: boolean;
  /** What several servers count together is away. */
  readonly countsAlone: boolean;
}

/** `read` is asked at each scrape. */
export function addAccountMetrics(registry: Registry, read: () => AccountReading): void {
  registry.registerMetric(
    new Counter({
      name: 'voisin_quota_refusals_total',
      help: 'Requests refused for the limit of an account',
      labelNames: ['limit'],
      registers: [],
      collect() {
        this.reset();
        for (const limit of ['minute', 'month'] as const) this.inc({ limit }, read().refused[limit]);
      },
    }),
  );
  const gauge = (name: string, help: string, value: (reading: AccountReading) => boolean): void =>
    registry.registerMetric(
      new Gauge({
        name,
        help,
        registers: [],
        collect() {
          this.set(value(read()) ? 1 : 0);
        },
      }),
    );
  gauge('voisin_usage_waiting', '1: what accounts used cannot be written now', ({ usageWaits }) => usageWaits);
  gauge('voisin_quota_counted_alone', '1: what counts quotas for several servers is away', ({ countsAlone }) => countsAlone);
}
