import { parseQuotaLimits } from '#shared/imap/quota-arguments.ts'
import { ResponseWriter } from '#shared/imap/response-writer.ts'
import { isForeign } from '../access/namespaces.ts'
import { completed, defineCommand } from '../command.ts'
import { replies } from '../replies.ts'
import type { Session } from '../session.ts'
import type { Wire } from '../wire.ts'

/** Every mailbox of an account counts for the same quota root, whose name is ''. */
const QUOTA_ROOT = ''
/** STORAGE is counted in these (RFC 9208 §5.1). */
const STORAGE_UNIT_BYTES = 1024

/** GETQUOTA. RFC 9208 §4.1.1. */
export const getQuota = defineCommand({
  states: ['authenticated', 'selected'],
  mayReportExpunge: true,
  parse(cursor) {
    cursor.space()
    return cursor.astring()
  },
  async run(session, root, wire) {
    if (root !== QUOTA_ROOT) return replies.noSuchQuotaRoot
    await tellQuota(session, wire)
    return completed('GETQUOTA')
  },
})

/** GETQUOTAROOT: which quota holds for a mailbox, also for one that is still to be made. RFC 9208 §4.1.2. */
export const getQuotaRoot = defineCommand({
  states: ['authenticated', 'selected'],
  mayReportExpunge: true,
  parse(cursor) {
    cursor.space()
    return cursor.mailbox()
  },
  async run(session, mailbox, wire) {
    const writer = new ResponseWriter()
    writer.utf8 = session.utf8
    writer.raw('* QUOTAROOT ')
    writer.mailbox(mailbox)
    // Mailboxes of others count for their owners, and how much those have is theirs to know: no root, whatever there is.
    const isOwn = !isForeign(mailbox)
    if (isOwn) {
      writer.raw(' ')
      writer.string(QUOTA_ROOT)
    }
    writer.endLine()
    wire.write(writer.takeBuffer())
    if (isOwn) await tellQuota(session, wire)
    return completed('GETQUOTAROOT')
  },
})

/** SETQUOTA: quotas are the operator's. RFC 9208 §4.1.3. */
export const setQuota = defineCommand({
  states: ['authenticated', 'selected'],
  mayReportExpunge: true,
  parse(cursor) {
    cursor.space()
    cursor.astring()
    cursor.space()
    return parseQuotaLimits(cursor)
  },
  run: () => replies.quotaIsFixed,
})

/** Resources without a limit are not told (RFC 9208 §4.2.1). */
async function tellQuota({ account, deps }: Session, wire: Wire): Promise<void> {
  const quota = await deps.quota(account.id)
  const used = await deps.mailbox.usage(account.id)
  const resources: string[] = []
  if (quota && quota.bytes > 0) {
    const usedUnits = Math.ceil(used.bytes / STORAGE_UNIT_BYTES)
    resources.push(`STORAGE ${usedUnits} ${Math.floor(quota.bytes / STORAGE_UNIT_BYTES)}`)
  }
  if (quota && quota.messages > 0) resources.push(`MESSAGE ${used.messages} ${quota.messages}`)
  wire.untagged(`QUOTA "" (${resources.join(' ')})`)
}
