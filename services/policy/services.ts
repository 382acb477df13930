// The policy services within, by the name that `check_policy_service` calls them by.

import { createGreylist } from './greylist/greylist.ts'
import type { BuiltInServices } from './service.ts'
import { createWeightService } from './weight/weight.ts'
import type { WordDeps } from './word.ts'

export function createBuiltInServices(
  deps: Pick<WordDeps, 'settings' | 'counters' | 'clock' | 'log' | 'dnsLists' | 'compile'>,
): BuiltInServices {
  return new Map([
    ['policyd-weight', createWeightService(deps)],
    ['postgrey', createGreylist({ ...deps, options: deps.settings })],
  ])
}
