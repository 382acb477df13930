import { replyFor, subjectOf } from '../reply-form.ts'
import { reject as rejects } from '../restriction.ts'
import { defineWord } from '../word.ts'

export const reject = defineWord(
  'reject',
  () => async (known) =>
    rejects(
      await replyFor(known, subjectOf(known), {
        code: 554,
        status: '5.7.1',
        text: 'Access denied',
      }),
    ),
)
