// Whom we take mail for: our own domains, and those that we relay for.

import { createDestinations } from '../destination.ts'
import type { Known } from '../known.ts'
import { formReply } from '../reply-form.ts'
import { type Decision, defer, dunno, permit, reject } from '../restriction.ts'
import { defineWord, type WordDeps } from '../word.ts'

/** Asks of each recipient whether it is one we take mail for; nothing before RCPT. */
const asking =
  (decide: (isOurs: boolean, known: Known) => Decision) => (_: string, deps: WordDeps) => {
    const destinations = createDestinations(deps)
    return async (known: Known) => {
      const { recipient } = known
      if (recipient === undefined) return dunno
      return decide((await destinations.destinationOfRecipient(recipient)) !== 'remote', known)
    }
  }

const denied = (known: Known, code: number, status: '5.7.1' | '4.7.1') =>
  formReply('recipient', {
    code,
    status,
    text: `<${known.recipient?.text}>: Relay access denied`,
  })

export const reject_unauth_destination = defineWord(
  'reject_unauth_destination',
  asking((isOurs, known) => (isOurs ? dunno : reject(denied(known, 554, '5.7.1')))),
)

export const defer_unauth_destination = defineWord(
  'defer_unauth_destination',
  asking((isOurs, known) => (isOurs ? dunno : defer(denied(known, 454, '4.7.1')))),
)

export const permit_auth_destination = defineWord(
  'permit_auth_destination',
  asking((isOurs) => (isOurs ? permit : dunno)),
)
