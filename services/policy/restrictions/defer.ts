// Puts off: at once, or in place of how it would end.

import type { Known } from '../known.ts'
import { refuse } from '../refusal.ts'
import { replyFor, subjectOf } from '../reply-form.ts'
import { deferIfPermit, deferIfReject } from '../restriction.ts'
import { defineWord } from '../word.ts'

const told = (known: Known, text: string) =>
  replyFor(known, subjectOf(known), { code: 450, status: '4.7.0', text })

export const defer = defineWord('defer', (_, { settings }) => {
  const code = settings.deferCode
  return async (known) => {
    const text = 'Try again later'
    return refuse(await replyFor(known, subjectOf(known), { code, status: '4.3.2', text }))
  }
})

export const defer_if_permit = defineWord(
  'defer_if_permit',
  () => async (known) => deferIfPermit(await told(known, 'defer_if_permit requested')),
)

export const defer_if_reject = defineWord(
  'defer_if_reject',
  () => async (known) => deferIfReject(await told(known, 'defer_if_reject requested')),
)
