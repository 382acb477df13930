import { refuse } from '../refusal.ts'
import { replyFor } from '../reply-form.ts'
import { dunno } from '../restriction.ts'
import { defineWord } from '../word.ts'

/** At DATA, or the recipients of the command before are all that are counted. */
export const reject_multi_recipient_bounce = defineWord(
  'reject_multi_recipient_bounce',
  (_, { settings }) =>
    async (known) => {
      const { sender, recipient, recipientCount, answering } = known
      const count = answering === 'recipient' && recipient ? recipientCount + 1 : recipientCount
      if (sender !== '' || count < 2) return dunno
      const text = 'Multi-recipient bounce'
      const code = settings.multiRecipientBounceRejectCode
      return refuse(await replyFor(known, 'data', { code, status: '5.5.3', text }))
    },
)
