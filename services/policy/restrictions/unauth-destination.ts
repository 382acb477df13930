// Whom we take mail for: our own domains, and those that we relay for.

import { createDestinations } from '../destination.ts'
import type { Known } from '../known.ts'
import { refuse } from '../refusal.ts'
import { formReply } from '../reply-form.ts'
import { type Decision, defer, dunno, permit } from '../restriction.ts'
import { defineWord, type WordDeps } from '../word.ts'

/** Asks of each recipient whether it is one we take mail for; nothing before RCPT. */
const asking =
  (decide: (isOurs: boolean, known: Known, code: number) => Decision) =>
  (_: string, deps: WordDeps) => {
    const destinations = createDestinations(deps)
    return async (known: Known) => {
      const { recipient } = known
      if (recipient === undefined) return dunno
      const isOurs = (await destinations.destinationOfRecipient(recipient)) !== 'remote'
      return decide(isOurs, known, deps.settings.relayDomainsRejectCode)
    }
  }

const denied = (known: Known, code: number) =>
  formReply('recipient', {
    code,
    status: '5.7.1',
    text: `<${known.recipient?.text}>: Relay access denied`,
  })

export const reject_unauth_destination = defineWord(
  'reject_unauth_destination',
  asking((isOurs, known, code) => (isOurs ? dunno : refuse(denied(known, code)))),
)

export const defer_unauth_destination = defineWord(
  'defer_unauth_destination',
  asking((isOurs, known, code) =>
    isOurs ? dunno : defer(denied(known, code >= 500 ? code - 100 : code)),
  ),
)

export const permit_auth_destination = defineWord(
  'permit_auth_destination',
  asking((isOurs) => (isOurs ? permit : dunno)),
)
