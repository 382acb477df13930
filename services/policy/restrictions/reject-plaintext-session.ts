import { formReply, subjectOf } from '../reply-form.ts'
import { dunno, reject } from '../restriction.ts'
import { defineWord } from '../word.ts'

export const reject_plaintext_session = defineWord('reject_plaintext_session', () => (known) => {
  if (known.origin.tls !== null) return dunno
  const text = 'Session encryption is required'
  return reject(formReply(subjectOf(known), { code: 450, status: '4.7.1', text }))
})
