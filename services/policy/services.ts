// The policy services within, by the name that `check_policy_service` calls them by.

import { createGreylist } from './greylist/greylist.ts'
import type { BuiltInService, BuiltInServices } from './service.ts'
import type { WordDeps } from './word.ts'

export function createBuiltInServices(deps: Omit<WordDeps, 'services'>): BuiltInServices {
  return new Map<string, BuiltInService>([
    ['postgrey', createGreylist({ ...deps, options: deps.settings })],
  ])
}
