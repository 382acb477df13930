// Addresses in domains of ours that nobody has.

import { parseAddress } from '#shared/mail/address.ts'
import { createDestinations } from '../destination.ts'
import { rejectUnlistedRecipient } from '../listed.ts'
import { refuse } from '../refusal.ts'
import { formReply } from '../reply-form.ts'
import { dunno } from '../restriction.ts'
import { defineWord } from '../word.ts'

export const reject_unlisted_recipient = defineWord('reject_unlisted_recipient', (_, deps) => {
  const { decide } = rejectUnlistedRecipient(deps)
  return (known) => {
    const { recipient, sender = '' } = known
    return recipient ? decide({ ...known, recipient, sender }) : dunno
  }
})

export const reject_unlisted_sender = defineWord('reject_unlisted_sender', (_, deps) => {
  const destinations = createDestinations(deps)
  const { unknownLocalRecipientRejectCode, unknownRelayRecipientRejectCode } = deps.settings
  const unknown = (sender: string, table: string, code: number) => {
    const text = `<${sender}>: Sender address rejected: User unknown in ${table} table`
    return refuse(formReply('sender', { code, status: '5.1.0', text }))
  }
  return async ({ sender }) => {
    const address = sender ? parseAddress(sender) : undefined
    if (sender === undefined || address === undefined) return dunno
    const found = await deps.directory.resolve(address)
    if (found.kind === 'unknown') {
      return unknown(sender, 'virtual mailbox', unknownLocalRecipientRejectCode)
    }
    if (found.kind !== 'remote') return dunno
    const destination = await destinations.destinationOfRecipient({ address, found })
    const isListed = destination !== 'relay' || (await destinations.isRelayRecipient(address))
    return isListed ? dunno : unknown(sender, 'relay recipient', unknownRelayRecipientRejectCode)
  }
})
