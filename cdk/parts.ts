// What every service of the mail system is made from.

import type { Bundles } from './bundles.ts'
import type { Deployment } from './configuration.ts'
import type { Queues } from './queues.ts'
import type { Storage } from './storage.ts'

export type Parts = {
  readonly deployment: Deployment
  readonly bundles: Bundles
  readonly storage: Storage
  readonly queues: Queues
}
