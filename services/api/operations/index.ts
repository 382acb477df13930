// The table of operations. A new noun is a file, and a line here.

import type { Operation } from '../operation.ts'
import { accessTableOperations } from './access-tables.ts'
import { accountOperations } from './accounts.ts'
import { aliasOperations } from './aliases.ts'
import { domainDnsOperations } from './domain-dns.ts'
import { domainOperations } from './domains.ts'
import { eventOperations } from './events.ts'
import { figureOperations } from './figures.ts'
import { grantOperations } from './grants.ts'
import { jobOperations } from './jobs.ts'
import { queueOperations } from './queue.ts'
import { rewrittenSenderOperations } from './rewritten-senders.ts'
import { traceOperations } from './trace.ts'

export const operations: readonly Operation[] = [
  ...domainOperations,
  ...domainDnsOperations,
  ...accountOperations,
  ...queueOperations,
  ...traceOperations,
  ...aliasOperations,
  ...grantOperations,
  ...accessTableOperations,
  ...rewrittenSenderOperations,
  ...jobOperations,
  ...eventOperations,
  ...figureOperations,
]
