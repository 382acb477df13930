import { refuse } from '../refusal.ts'
import { replyFor, subjectOf } from '../reply-form.ts'
import { defineWord } from '../word.ts'

export const reject = defineWord(
  'reject',
  (_, { settings }) =>
    async (known) =>
      refuse(
        await replyFor(known, subjectOf(known), {
          code: settings.rejectCode,
          status: '5.7.1',
          text: 'Access denied',
        }),
      ),
)
