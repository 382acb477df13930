// What scripts in mailboxes send, on the queue.

import type { Outbox } from '#shared/contracts/outbox.ts'
import { createCleanEnvelope } from '#shared/queue/clean-envelope.ts'
import { createDoorbell } from '#shared/queue/doorbell.ts'
import { createOutbox } from '#shared/queue/outbox.ts'
import { createSpool } from '#shared/queue/spool.ts'
import { createSentByDay } from '#shared/rates/sent-by-day.ts'
import type { Backend } from './backend.ts'

export function assembleOutbox(backend: Backend): Outbox {
  const { store, queue, directory, suspicion, settings, clock } = backend
  const log = backend.log.child({ service: 'imap' })
  return createOutbox({
    spool: createSpool({
      queue,
      store,
      ring: createDoorbell(store.queues.incoming, log),
      cleanEnvelope: createCleanEnvelope(backend.rewriting),
      options: settings,
      clock,
      log,
    }),
    account: async (id) => {
      const found = await directory.accounts.byId(id)
      return found && { maySend: found.enabled && found.frozen === null }
    },
    sent: createSentByDay({ counters: store.tables.counters, clock, options: settings }),
    noteRecipients: suspicion.noteRecipients,
    options: settings,
    clock,
    log,
  })
}
