import { expect, it } from 'vitest'
import type { AccountId } from '#shared/contracts/mailbox.ts'
import { createMailbox } from '#shared/mailbox/mailbox.ts'
import type { Table } from '#shared/storage/ports.ts'
import { manualClock } from '#test/support/pipeline.ts'
import { openEmbedded } from '#test/support/storage-embedded.ts'

it.each(['INBOX', 'Sent'])('%s is there for everybody while another makes it', async (path) => {
  const clock = manualClock()
  const opened = await openEmbedded({ clock })
  await using stack = new AsyncDisposableStack()
  stack.defer(() => opened.close())
  const { tables, objects, signals } = opened.store
  const accountId = 'a' as AccountId
  const other = createMailbox({ table: tables.mail, objects, signals, clock })
  let reads = 0
  /** The other is faster than whoever has just seen that there is nothing. */
  const late: Table = new Proxy(tables.mail, {
    get(table, name: keyof Table) {
      if (name !== 'get') return table[name].bind(table)
      return async (...given: Parameters<Table['get']>) => {
        const found = await table.get(...given)
        if (++reads === 1) await other.inbox(accountId)
        return found
      }
    },
  })
  const mailbox = createMailbox({ table: late, objects, signals, clock })
  expect(await mailbox.folders.find(accountId, path)).toMatchObject({
    name: path,
    selectable: true,
  })
})
