// The table of operations. A new noun is a file, and a line here.

import type { Operation } from '../operation.ts'
import { accessTableOperations } from './access-tables.ts'
import { accountOperations } from './accounts.ts'
import { aliasOperations } from './aliases.ts'
import { appPasswordOperations } from './app-passwords.ts'
import { auditOperations } from './audit.ts'
import { clientSetupOperations } from './client-setup.ts'
import { containmentOperations } from './containment.ts'
import { domainDnsOperations } from './domain-dns.ts'
import { domainOperations } from './domains.ts'
import { eventOperations } from './events.ts'
import { factorOperations } from './factors.ts'
import { figureOperations } from './figures.ts'
import { filterOperations } from './filters.ts'
import { frontOperations } from './front.ts'
import { grantOperations } from './grants.ts'
import { greylistOperations } from './greylist.ts'
import { heldLoginOperations } from './held-logins.ts'
import { invitationOperations } from './invitations.ts'
import { jobOperations } from './jobs.ts'
import { loginOperations } from './logins.ts'
import { mailExportOperations } from './mail-exports.ts'
import { overviewOperations } from './overview.ts'
import { policyOperations } from './policy.ts'
import { quarantineOperations } from './quarantine.ts'
import { queueOperations } from './queue.ts'
import { recoveryOperations } from './recovery.ts'
import { rewrittenSenderOperations } from './rewritten-senders.ts'
import { roleOperations } from './roles.ts'
import { scriptOperations } from './scripts.ts'
import { searchOperations } from './search.ts'
import { sendingOperations } from './sending.ts'
import { serviceOperations } from './service.ts'
import { sessionOperations } from './session.ts'
import { settingOperations } from './settings.ts'
import { signInElsewhereOperations } from './sign-in-elsewhere.ts'
import { tokenOperations } from './tokens.ts'
import { traceOperations } from './trace.ts'
import { usageOperations } from './usage.ts'

export const operations: readonly Operation[] = [
  ...accessTableOperations,
  ...accountOperations,
  ...aliasOperations,
  ...appPasswordOperations,
  ...auditOperations,
  ...clientSetupOperations,
  ...containmentOperations,
  ...domainDnsOperations,
  ...domainOperations,
  ...eventOperations,
  ...factorOperations,
  ...figureOperations,
  ...filterOperations,
  ...frontOperations,
  ...grantOperations,
  ...greylistOperations,
  ...heldLoginOperations,
  ...invitationOperations,
  ...jobOperations,
  ...loginOperations,
  ...mailExportOperations,
  ...overviewOperations,
  ...policyOperations,
  ...quarantineOperations,
  ...queueOperations,
  ...recoveryOperations,
  ...rewrittenSenderOperations,
  ...roleOperations,
  ...scriptOperations,
  ...searchOperations,
  ...sendingOperations,
  ...serviceOperations,
  ...sessionOperations,
  ...settingOperations,
  ...signInElsewhereOperations,
  ...tokenOperations,
  ...traceOperations,
  ...usageOperations,
]
