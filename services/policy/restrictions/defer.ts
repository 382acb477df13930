// Puts off: at once, or in place of how it would end.

import type { Known } from '../known.ts'
import { replyFor, subjectOf } from '../reply-form.ts'
import { deferIfPermit, deferIfReject, defer as defers } from '../restriction.ts'
import { defineWord } from '../word.ts'

const told = (known: Known, text: string, status: '4.3.2' | '4.7.0') =>
  replyFor(known, subjectOf(known), { code: 450, status, text })

export const defer = defineWord(
  'defer',
  () => async (known) => defers(await told(known, 'Try again later', '4.3.2')),
)

export const defer_if_permit = defineWord(
  'defer_if_permit',
  () => async (known) => deferIfPermit(await told(known, 'defer_if_permit requested', '4.7.0')),
)

export const defer_if_reject = defineWord(
  'defer_if_reject',
  () => async (known) => deferIfReject(await told(known, 'defer_if_reject requested', '4.7.0')),
)
