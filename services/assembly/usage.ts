// Usage of the month, on a backend.

import { createUsageSource, type UsageSource } from '#shared/administration/usage/usage.ts'
import type { FigureSource } from '#shared/figures/series.ts'
import type { Backend } from './backend.ts'

export function assembleUsage(backend: Backend, figures: FigureSource): UsageSource {
  const { directory, mailbox, listCosts, clock } = backend
  return createUsageSource({
    ...{ figures, mailbox, clock },
    accounts: directory.accounts,
    // As they are in force: they change while it runs.
    settings: () => backend.settings,
    listCosts: listCosts && (() => listCosts(backend.settings)),
  })
}
