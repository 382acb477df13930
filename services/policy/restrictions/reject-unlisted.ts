// Addresses in domains of ours that nobody has.

import { parseAddress } from '#shared/mail/address.ts'
import { rejectUnlistedRecipient } from '../listed.ts'
import { formReply } from '../reply-form.ts'
import { dunno, reject } from '../restriction.ts'
import { defineWord } from '../word.ts'

export const reject_unlisted_recipient = defineWord('reject_unlisted_recipient', () => (known) => {
  const { recipient, sender = '' } = known
  return recipient ? rejectUnlistedRecipient.decide({ ...known, recipient, sender }) : dunno
})

export const reject_unlisted_sender = defineWord(
  'reject_unlisted_sender',
  (_, { directory }) =>
    async ({ sender }) => {
      const address = sender ? parseAddress(sender) : undefined
      if (address === undefined) return dunno
      const { kind } = await directory.resolve(address)
      if (kind !== 'unknown') return dunno
      const text = `<${sender}>: Sender address rejected: User unknown in virtual mailbox table`
      return reject(formReply('sender', { code: 550, status: '5.1.0', text }))
    },
)
