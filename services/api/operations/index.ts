// The table of operations. A new noun is a file, and a line here.

import type { Operation } from '../operation.ts'
import { accountOperations } from './accounts.ts'
import { auditOperations } from './audit.ts'
import { containmentOperations } from './containment.ts'
import { domainOperations } from './domains.ts'
import { eventOperations } from './events.ts'
import { figureOperations } from './figures.ts'
import { invitationOperations } from './invitations.ts'
import { jobOperations } from './jobs.ts'
import { queueOperations } from './queue.ts'
import { roleOperations } from './roles.ts'
import { sessionOperations } from './session.ts'
import { tokenOperations } from './tokens.ts'
import { traceOperations } from './trace.ts'

export const operations: readonly Operation[] = [
  ...sessionOperations,
  ...invitationOperations,
  ...domainOperations,
  ...accountOperations,
  ...containmentOperations,
  ...roleOperations,
  ...tokenOperations,
  ...auditOperations,
  ...queueOperations,
  ...traceOperations,
  ...jobOperations,
  ...eventOperations,
  ...figureOperations,
]
