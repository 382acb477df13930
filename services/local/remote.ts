// Remote delivery in the words of the queue: a group's recipients and the stored message, as one transfer to a next hop.

import { readFile } from 'node:fs/promises'
import type { RemoteGroup } from '#services/delivery/remote/group.ts'
import { createRemoteDelivery } from '#services/delivery/remote/remote-delivery.ts'
import { createSystemResolver } from '#shared/dns/system-resolver.ts'
import { decodeIndex } from '#shared/mail/index-codec.ts'
import { openMessage } from '#shared/mailbox/open-message.ts'
import { addedFields } from '#shared/queue/added-fields.ts'
import { blobOf } from '#shared/queue/blob.ts'
import type { RemoteDelivery } from '#shared/queue/pipeline.ts'
import { nextHop } from '#shared/runtime/settings/address-kinds.ts'
import type { Core } from './core.ts'

export async function openRemoteDelivery(core: Core): Promise<RemoteDelivery> {
  const { settings, store, log } = core
  const { deliver } = createRemoteDelivery({
    resolver: createSystemResolver(),
    settings: {
      hostname: settings.hostname,
      relayhost: nextHop.format(settings.relayhost),
      relayhostAuth:
        settings.relayhostUser === ''
          ? null
          : {
              user: settings.relayhostUser,
              password: (await readFile(settings.relayhostPasswordFile, 'utf8')).trim(),
            },
      timeouts: {
        connectMs: settings.smtpConnectTimeout,
        greetingMs: settings.smtpGreetingTimeout,
        commandMs: settings.smtpTimeout,
        dataBlockMs: settings.smtpTimeout,
        dataTerminationMs: settings.smtpTimeout,
      },
    },
    log,
  })
  return async function deliverRemote(message, hop, recipients) {
    const { envelope } = message
    const added = addedFields(message, settings.hostname)
    const addedEightBit = /[^\x00-\x7f]/.test(added)
    const blob = blobOf(message, added)
    const open = openMessage(store.objects, blob, '')
    const group: RemoteGroup = {
      queueId: message.queueId,
      nextHop: hop,
      sender: envelope.sender,
      recipients,
      bytes: open.size,
      // Header fields with 8-bit bytes need it (RFC 6532 §3).
      smtpUtf8: envelope.smtpUtf8 || addedEightBit,
      body: addedEightBit || decodeIndex(message.index).eightBit ? '8BITMIME' : '7BIT',
      dsnReturn: envelope.dsnReturn,
      dsnEnvelopeId: envelope.dsnEnvelopeId,
      message: () => open.stream(),
    }
    return deliver(group)
  }
}
