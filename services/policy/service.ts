// What `check_policy_service` asks within instead of over a socket: policyd-weight and postgrey. Each is registered by the name that a list
// calls it by.

import type { Known } from './known.ts'
import type { Decision } from './restriction.ts'

export interface BuiltInService {
  /** In order; more than one where a service scores and prepends a field. None: nothing to say. */
  decide(known: Known): Promise<readonly Decision[]>
}

/** By name, in lower case. */
export type BuiltInServices = ReadonlyMap<string, BuiltInService>
