// Letters of the system on the queue.

import type { Letters } from '#shared/contracts/letters.ts'
import { ownOrigin } from '#shared/contracts/own-origin.ts'
import { formatAddress } from '#shared/mail/address.ts'
import { letterMessage } from '#shared/mail/letter.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import { createSpool } from '#shared/queue/spool.ts'
import { takeRandomBytes } from '#shared/runtime/random-bytes.ts'
import type { Backend } from './backend.ts'

const NAME_BYTES = 15

export function assembleLetters(
  backend: Pick<Backend, 'store' | 'queue' | 'settings' | 'clock' | 'log'>,
): Letters {
  const { store, queue, settings, clock } = backend
  const { hostname } = settings
  return {
    async send({ to, subject, text }) {
      const log = backend.log.child({ service: 'letters' })
      const rung: Promise<unknown>[] = []
      const ring = (queueId: QueueId) => void rung.push(store.queues.incoming.send([queueId]))
      const spool = createSpool({ queue, store, ring, options: settings, clock, log })
      const name = Buffer.from(takeRandomBytes(NAME_BYTES)).toString('hex')
      const address = formatAddress(to)
      const message = letterMessage({
        ...{ subject, text, to: address, atMs: clock.now() },
        from: `postmaster@${hostname}`,
        messageId: `${name}@${hostname}`,
      })
      async function* bytes() {
        yield message
      }
      const queueId = spool.newQueueId()
      const spooled = await spool.receive(queueId, bytes())
      await spool.accept({
        spooled,
        // Nobody reads what comes back of it.
        envelope: {
          sender: '',
          recipients: [{ address, notify: [], originalRecipient: null }],
          body: '7BIT',
          smtpUtf8: /[^\x00-\x7f]/.test(address),
          requireTls: false,
          dsnReturn: null,
          dsnEnvelopeId: null,
        },
        origin: ownOrigin(hostname),
        prepend: '',
        arrivedMs: clock.now(),
      })
      // A function sleeps once it has answered.
      await Promise.all(rung).catch((error) => log.warn({ queueId, error }, 'doorbell not rung'))
      log.info({ queueId, to: address }, 'letter queued')
    },
  }
}
