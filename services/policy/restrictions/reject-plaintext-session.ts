import { refuse } from '../refusal.ts'
import { formReply, subjectOf } from '../reply-form.ts'
import { dunno } from '../restriction.ts'
import { defineWord } from '../word.ts'

export const reject_plaintext_session = defineWord(
  'reject_plaintext_session',
  (_, { settings }) =>
    (known) => {
      if (known.origin.tls !== null) return dunno
      const text = 'Session encryption is required'
      const code = settings.plaintextRejectCode
      return refuse(formReply(subjectOf(known), { code, status: '4.7.1', text }))
    },
)
