// What accounts have taken of their month and of their minute: in this process, in Redis or in PostgreSQL. All pass allowances.test.ts.

export const minuteMs = 60_000;

/** Reserved of both windows, or of neither where one of them has not enough left. */
export interface Take {
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

/** What was reserved is reserved no longer: `spent` of it is used. */
export interface Settlement {
  readonly userId: string;
  /** Of the taking. */
  readonly month: string;
  /** The `cost` of the taking. */
  readonly reserved: number;
  readonly spent: number;
  /** Back into the minute of the taking, if that is still open. */
  readonly units: number;
  /** `minuteStarted` of the taking. */
  readonly since: number;
}

/** Where an account stands after a taking. */
export interface Standing {
  /** False: there was not enough left, and nothing was taken. */
  readonly ok: boolean;
  readonly minuteUsed: number;
  /** A minute begins with its first taking of something. Milliseconds since the epoch. */
  readonly minuteStarted: number;
  /** Thousandths, used and reserved. */
  readonly monthUsed: number;
  /** Of `monthUsed`, what is reserved: some of it may come back. */
  readonly reserved: number;
}

export interface Allowances {
  /** @throws VoisinError unavailable; then nothing is taken */
  take(take: Take): Promise<Standing>;
  /** Counted from now on, whatever is away. */
  settle(settlement: Settlement): void;
  /** What was settled is told to those who share the count, if they can be reached. */
  close(): Promise<void>;
}

/** What the store knows of a month: where counting begins in a place that remembers nothing. Thousandths. */
export type MonthSoFar = (userId: string, month: string) => Promise<number>;

/** Whether a minute is over. One that begins a minute from now or later was begun by a clock that has been set back since. */
export const isOver = (started: number, now: number): boolean => started + minuteMs <= now || started >= now + minuteMs;
