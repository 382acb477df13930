// Whom we take mail for: our own domains, and those that we relay for.

import type { Known } from '../known.ts'
import { formReply } from '../reply-form.ts'
import { defer, dunno, permit, reject } from '../restriction.ts'
import { defineWord } from '../word.ts'

/** Undefined before RCPT. */
function isOurs({ recipient }: Known): boolean | undefined {
  return recipient && recipient.found.kind !== 'remote'
}

const denied = (known: Known, code: number, status: '5.7.1' | '4.7.1') =>
  formReply('recipient', {
    code,
    status,
    text: `<${known.recipient?.text}>: Relay access denied`,
  })

export const reject_unauth_destination = defineWord(
  'reject_unauth_destination',
  () => (known) => (isOurs(known) === false ? reject(denied(known, 554, '5.7.1')) : dunno),
)

export const defer_unauth_destination = defineWord(
  'defer_unauth_destination',
  () => (known) => (isOurs(known) === false ? defer(denied(known, 454, '4.7.1')) : dunno),
)

export const permit_auth_destination = defineWord(
  'permit_auth_destination',
  () => (known) => (isOurs(known) === true ? permit : dunno),
)
