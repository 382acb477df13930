// What a restriction says that refuses with a code of the settings, or that DNS let down.

import type { SmtpReply } from '#shared/contracts/policy.ts'
import type { TempfailAction } from '#shared/settings/table/reject-codes.ts'
import { type Decision, defer, deferIfPermit, reject } from './restriction.ts'

/** The code says for how long. */
export const refuse = (reply: SmtpReply): Decision =>
  reply.code >= 500 ? reject(reply) : defer(reply)

/** Postfix's `…_tempfail_action`. */
export const putOff = (action: TempfailAction, reply: SmtpReply): Decision =>
  action === 'defer' ? defer(reply) : deferIfPermit(reply)
