// The policy services within, by the name that `check_policy_service` calls them by.

import { createGreylist } from './greylist/greylist.ts'
import type { BuiltInServices } from './service.ts'
import type { WordDeps } from './word.ts'

export function createBuiltInServices(
  deps: Pick<WordDeps, 'settings' | 'counters' | 'clock' | 'log'>,
): BuiltInServices {
  return new Map([['postgrey', createGreylist({ ...deps, options: deps.settings })]])
}
