// What accounts have taken of their month and of their minute: in this process, in Redis or in PostgreSQL. All pass allowances.test.ts.

export const minuteMs = 60_000;

/** Taken of both windows, or of neither where one of them has not enough left. */
export interface Take {
  readonly kind: 'take';
  readonly userId: string;
  /** Embeddings: what the minute counts. */
  readonly units: number;
  /** Thousandths of an embedding: what the month counts. */
  readonly cost: number;
  readonly perMinute: number;
  /** Thousandths. */
  readonly perMonth: number;
  /** 2026-01. */
  readonly month: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Back into the windows that it was taken from, where those are still open. A cost below zero is taken without asking for room. */
export interface GiveBack {
  readonly kind: 'give';
  readonly userId: string;
  readonly units: number;
  readonly cost: number;
  readonly month: string;
  /** `minuteStarted` of the taking. */
  readonly since: number;
}

export type Step = Take | GiveBack;

/** Where an account stands after a step. */
export interface Standing {
  /** False: there was not enough left, and nothing was taken. */
  readonly ok: boolean;
  readonly minuteUsed: number;
  /** A minute begins with its first taking. Milliseconds since the epoch. */
  readonly minuteStarted: number;
  /** Thousandths. */
  readonly monthUsed: number;
}

export interface Allowances {
  /** In order, each as one step that nothing comes between. @throws VoisinError unavailable; what was done by then is not known */
  apply(steps: readonly Step[]): Promise<Standing[]>;
  close(): Promise<void>;
}

/** What the store knows of a month: where counting begins in a place that remembers nothing. */
export type MonthSoFar = (userId: string, month: string) => Promise<number>;
