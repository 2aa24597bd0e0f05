// What the HTTP wire is given to work with.

import type { Accounts } from '../../accounts/accounts.js';
import type { Services } from '../../operations/operation.js';
import type { Logger } from '../../telemetry/logger.js';
import type { Metrics } from '../../telemetry/metrics.js';
import type { BodyReader } from './body/body-reader.js';

export interface HttpParts extends Services {
  readonly accounts: Accounts;
  readonly log: Logger;
  readonly metrics: Metrics;
}

export interface Wire extends HttpParts {
  readonly bodies: BodyReader;
}
