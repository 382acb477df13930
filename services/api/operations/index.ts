// The table of operations. A new noun is a file, and a line here.

import type { Operation } from '../operation.ts'
import { accountOperations } from './accounts.ts'
import { domainOperations } from './domains.ts'
import { eventOperations } from './events.ts'
import { figureOperations } from './figures.ts'
import { jobOperations } from './jobs.ts'
import { policyOperations } from './policy.ts'
import { quarantineOperations } from './quarantine.ts'
import { queueOperations } from './queue.ts'
import { settingOperations } from './settings.ts'
import { traceOperations } from './trace.ts'

export const operations: readonly Operation[] = [
  ...domainOperations,
  ...accountOperations,
  ...jobOperations,
  ...eventOperations,
  ...figureOperations,
  ...queueOperations,
  ...quarantineOperations,
  ...traceOperations,
  ...settingOperations,
  ...policyOperations,
]
