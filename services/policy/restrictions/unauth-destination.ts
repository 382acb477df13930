// Whom we take mail for: our own domains, and those that we relay for.

import { createDestinations } from '../destination.ts'
import type { Known } from '../known.ts'
import { refuse } from '../refusal.ts'
import { formReply } from '../reply-form.ts'
import { type Decision, dunno, permit } from '../restriction.ts'
import { defineWord, type WordDeps } from '../word.ts'

/** Asks of each recipient whether it is one we take mail for; nothing before RCPT. */
const asking =
  (decide: (isOurs: boolean, known: Known, deps: WordDeps) => Decision) =>
  (_: string, deps: WordDeps) => {
    const destinations = createDestinations(deps)
    return async (known: Known) => {
      const { recipient } = known
      if (recipient === undefined) return dunno
      return decide(
        (await destinations.destinationOfRecipient(recipient)) !== 'remote',
        known,
        deps,
      )
    }
  }

function denied({ recipient }: Known, code: number): Decision {
  const text = `<${recipient?.text}>: Relay access denied`
  return refuse(formReply('recipient', { code, status: '5.7.1', text }))
}

/** A code that is one already stays as it is. */
const asTemporary = (code: number) => (code >= 500 ? code - 100 : code)

export const reject_unauth_destination = defineWord(
  'reject_unauth_destination',
  asking((isOurs, known, { settings: { relayDomainsRejectCode } }) =>
    isOurs ? dunno : denied(known, relayDomainsRejectCode),
  ),
)

export const defer_unauth_destination = defineWord(
  'defer_unauth_destination',
  asking((isOurs, known, { settings: { relayDomainsRejectCode } }) =>
    isOurs ? dunno : denied(known, asTemporary(relayDomainsRejectCode)),
  ),
)

export const permit_auth_destination = defineWord(
  'permit_auth_destination',
  asking((isOurs) => (isOurs ? permit : dunno)),
)
