import { replyFor, subjectOf } from '../reply-form.ts'
import { dunno, reject } from '../restriction.ts'
import { defineWord } from '../word.ts'

/** RFC 2920 §3.1: some commands are the last of their group, and their reply must be waited for. */
export const reject_unauth_pipelining = defineWord(
  'reject_unauth_pipelining',
  () => async (known) => {
    if (known.origin.sentAhead !== true) return dunno
    const text = 'Improper use of SMTP command pipelining'
    return reject(await replyFor(known, subjectOf(known), { code: 503, status: '5.5.0', text }))
  },
)
