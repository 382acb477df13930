import { replyFor } from '../reply-form.ts'
import { dunno, reject } from '../restriction.ts'
import { defineWord } from '../word.ts'

/** At DATA, or the recipients of the command before are all that are counted. */
export const reject_multi_recipient_bounce = defineWord(
  'reject_multi_recipient_bounce',
  () => async (known) => {
    const { sender, recipient, recipientCount, answering } = known
    const count = answering === 'recipient' && recipient ? recipientCount + 1 : recipientCount
    if (sender !== '' || count < 2) return dunno
    const text = 'Multi-recipient bounce'
    return reject(await replyFor(known, 'data', { code: 550, status: '5.5.3', text }))
  },
)
