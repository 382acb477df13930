import type { Reach } from '#shared/directory/directory.ts'
import type { Settings } from '#shared/settings/table.ts'
import { createDestinations, type DestinationDeps } from './destination.ts'
import type { AtRecipient, KnownRecipient } from './known.ts'
import { refuse } from './refusal.ts'
import {
  aliasLoop,
  badBounceAddress,
  relayUserUnknown,
  userDisabled,
  userUnknown,
} from './replies.ts'
import { type Decision, dunno, type Restriction, reject } from './restriction.ts'

/**
 * Postfix's reject_unlisted_recipient: our domain, but nobody there. Aliases are followed to their ends: mail for one that leads
 * nowhere would be taken, stored, and waited for by an operator. In a domain that we relay for whoever is not in `relayRecipientMaps`.
 */
export function rejectUnlistedRecipient(
  deps: DestinationDeps & {
    readonly settings: Pick<
      Settings,
      'unknownLocalRecipientRejectCode' | 'unknownRelayRecipientRejectCode'
    >
  },
): Restriction<AtRecipient> {
  const { unknownLocalRecipientRejectCode: code, unknownRelayRecipientRejectCode: relayCode } =
    deps.settings
  const destinations = createDestinations(deps)

  async function isUnknownToRelay(recipient: KnownRecipient): Promise<boolean> {
    const { address, found } = recipient
    // Only the domain counts: the next host has to know the whole of what stands before it, even where that says a way.
    const somebody = { address: { ...address, local: '' }, found }
    const destination = await destinations.destinationOfRecipient(somebody)
    return destination === 'relay' && !(await destinations.isRelayRecipient(address))
  }

  return {
    name: 'reject_unlisted_recipient',
    async decide({ recipient }) {
      const { text, found, reach } = recipient
      switch (found.kind) {
        case 'unknown':
          return found.bounceAddress === undefined
            ? refuse(userUnknown(text, code))
            : reject(badBounceAddress(text, found.bounceAddress))
        case 'disabled':
          return reject(userDisabled(text))
        case 'account':
          return found.forward?.keep === false ? ofAlias(text, await reach(), code) : dunno
        case 'alias':
          return ofAlias(text, await reach(), code)
        case 'remote':
          return (await isUnknownToRelay(recipient))
            ? refuse(relayUserUnknown(text, relayCode))
            : dunno
        default:
          return dunno
      }
    },
  }
}

/** One target that takes mail is enough: what becomes of the others its sender cannot help. */
function ofAlias(recipient: string, { local, remote, failed }: Reach, code: number): Decision {
  if (local + remote > 0) return dunno
  if (failed.includes('unknown')) return refuse(userUnknown(recipient, code))
  if (failed.includes('disabled')) return reject(userDisabled(recipient))
  return reject(aliasLoop(recipient))
}
