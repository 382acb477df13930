// How far exports of mailboxes are, kept in `counters`: MOVING#export#<organization> / <id of WorkMail>.

import type { MailboxExport } from '#shared/moving/workmail/export-jobs.ts'
import { numberIn, textIn, wordIn } from '#shared/moving/workmail/json.ts'
import type { Item, Table } from '#shared/storage/ports.ts'

export interface ExportStates {
  list(): Promise<readonly MailboxExport[]>
  keep(one: MailboxExport): Promise<void>
}

/** Since it was looked at last. */
export const EXPORT_KEPT_SECONDS = 90 * 86_400

export function exportStates(
  table: Pick<Table, 'query' | 'write'>,
  organizationId: string,
  clock: { now(): number },
): ExportStates {
  const pk = `MOVING#export#${organizationId}`
  return {
    async list() {
      const found: MailboxExport[] = []
      let after: string | undefined
      do {
        const page = await table.query({ pk, consistent: true, ...(after && { after }) })
        for (const item of page.items) found.push(exportOf(item))
        after = page.next
      } while (after !== undefined)
      return found
    },

    async keep({ id, ...rest }) {
      const ttl = Math.floor(clock.now() / 1_000) + EXPORT_KEPT_SECONDS
      await table.write({ put: { pk, sk: id, ...rest, ttl } })
    },
  }
}

const exportOf = (item: Item): MailboxExport => ({
  id: item.sk,
  address: textIn(item, 'address') ?? '',
  attempt: numberIn(item, 'attempt') ?? 0,
  startedMs: numberIn(item, 'startedMs') ?? null,
  jobId: textIn(item, 'jobId') ?? null,
  state: wordIn(item, 'state', ['waiting', 'running', 'done', 'failed']) ?? 'waiting',
  progress: numberIn(item, 'progress') ?? 0,
  path: textIn(item, 'path') ?? null,
  why: textIn(item, 'why') ?? null,
})
