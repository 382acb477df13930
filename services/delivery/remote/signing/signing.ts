// Which signatures a message leaves with. One of ours is signed for its author's domain (DKIM), one of a stranger that is forwarded is
// sealed (ARC). Signatures are remembered: the same message to the next destination is signed with what was signed before.

import type { Provenance } from '#shared/contracts/own-mail.ts'
import type { Origin } from '#shared/contracts/spool.ts'
import { parseAddressList } from '#shared/mail/address-list.ts'
import { unfold } from '#shared/mail/header-field.ts'
import type { QueuedMessage } from '#shared/queue/records.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import { takeOldest } from '#shared/runtime/take-oldest.ts'
import type { HostTakes, OutboundStep } from '../outbound-form.ts'
import { arcSet, ownResults } from './arc-seal.ts'
import { type Signer, signatureField } from './dkim-signature.ts'
import type { KeyRing } from './key-ring.ts'
import { digestOf, type FieldsInFront, putInFront } from './signed-form.ts'
import {
  canonicalFields,
  namesToSign,
  type SignedField,
  type SignedNames,
} from './signed-header.ts'

export interface Signing {
  /** The last step of what leaves; undefined where nothing is to be put in front. `form`: what of the message it is, but for the host. */
  stepFor(message: SignedMessage, about: SigningFacts): OutboundStep | undefined
}

type SignedMessage = Pick<QueuedMessage, 'queueId' | 'origin' | 'object' | 'filter'>

export type SigningFacts = {
  /** To whom it was sent, whose domain forwards it. */
  readonly forwarder: string | undefined
  readonly lineBytesMax: number
}

export type SigningOptions = SignedNames & {
  readonly hostname: string
  readonly dkimSigning: boolean
  readonly arcSealing: boolean
  /** Strangers' mail is looked at as it comes; without that a returned message may be anybody's. */
  readonly mailAuthentication: boolean
  /** Our names in Authentication-Results, in small letters. */
  readonly authservIds: readonly string[]
}

/** Signatures and hashes of bodies that are remembered, of some hundred bytes each. */
export const REMEMBERED_MAX = 2_000

export function createSigning(deps: {
  readonly ring: KeyRing
  readonly provenanceOf: (origin: Origin) => Provenance
  readonly options: SigningOptions
  readonly clock: Pick<Clock, 'now'>
  readonly log: Log
}): Signing {
  const { ring, options, clock, log } = deps
  const bodyHashes = new Map<string, string>()
  const signatures = new Map<string, Promise<string>>()

  function signedOnce(
    fields: readonly SignedField[],
    bodyHash: string,
    signer: Signer,
  ): Promise<string> {
    const names = namesToSign(fields, options)
    const canonical = canonicalFields(fields, names)
    const { domain, selector } = signer
    const name = digestOf(domain, selector, names.join(':'), canonical, bodyHash)
    const known = signatures.get(name)
    if (known !== undefined) return known
    const facts = { name: 'DKIM-Signature', first: 'v=1', atMs: clock.now() } as const
    const made = signatureField({ ...facts, names, canonical, bodyHash }, signer)
    remember(signatures, name, made)
    made.catch(() => signatures.delete(name))
    return made
  }

  /** Who signs for the one author of a message; nobody for those of several. */
  async function authorsSigners(fields: readonly SignedField[]): Promise<readonly Signer[]> {
    const [from, ...more] = fields.filter(({ name }) => name === 'from')
    if (from === undefined || more.length > 0) return []
    const domains = new Set(
      parseAddressList(unfold(from.body)).flatMap(({ host }) =>
        host === null ? [] : [Buffer.from(host, 'latin1').toString('utf8').toLowerCase()],
      ),
    )
    const [domain] = domains
    return domain === undefined || domains.size > 1 ? [] : await ring.signersFor(domain)
  }

  function isOurs(provenance: Provenance, fields: readonly SignedField[]): boolean {
    if (provenance !== 'returned') return provenance === 'ours'
    // What a stranger sent was looked at before it went to the filter, and says so.
    return options.mailAuthentication && ownResults(fields, options.authservIds) === undefined
  }

  async function sign(
    { queueId }: SignedMessage,
    fields: readonly SignedField[],
    bodyHash: string,
  ): Promise<string> {
    const signers = await authorsSigners(fields)
    const made = await Promise.all(signers.map((one) => signedOnce(fields, bodyHash, one)))
    const [first] = signers
    if (first === undefined) return ''
    const selectors = signers.map(({ selector }) => selector)
    log.info({ queueId, domain: first.domain, selectors }, 'message signed')
    return made.join('')
  }

  const sealerOf = async (forwarder: string | undefined): Promise<Signer | undefined> => {
    const domain = forwarder?.slice(forwarder.lastIndexOf('@') + 1) ?? ''
    for (const name of [domain, options.hostname]) {
      // RFC 8617 §4.1.2 has the algorithms of DKIM, and nobody checks but this one.
      const signer = (await ring.signersFor(name)).find(({ algorithm }) => algorithm === 'rsa')
      if (signer !== undefined) return signer
    }
    return undefined
  }

  async function seal(
    { queueId }: SignedMessage,
    fields: readonly SignedField[],
    bodyHash: string,
    forwarder: string | undefined,
  ): Promise<string> {
    const signer = await sealerOf(forwarder)
    if (signer === undefined) return ''
    const { authservIds } = options
    const set = await arcSet(fields, bodyHash, signer, { authservIds, atMs: clock.now() })
    if (set === undefined) return ''
    const { domain, selector } = signer
    log.info({ queueId, domain, selectors: [selector] }, 'message sealed')
    return set
  }

  return {
    stepFor(message, { forwarder, lineBytesMax }) {
      const provenance = deps.provenanceOf(message.origin)
      // A filter gets it as it is, with a word on whose it is not.
      if (message.filter !== null) {
        const mayBeTakenForOurs = options.dkimSigning && options.mailAuthentication
        return provenance === 'strange' && mayBeTakenForOurs
          ? putInFront(unlooked(options))
          : undefined
      }
      if (
        provenance === 'ours'
          ? !options.dkimSigning
          : !options.arcSealing && provenance === 'strange'
      ) {
        return undefined
      }
      const nameOf = ({ eightBit, smtpUtf8 }: HostTakes) =>
        `${message.object.key} ${eightBit} ${smtpUtf8} ${lineBytesMax}`
      const front: FieldsInFront = {
        async isWanted(fields) {
          if (isOurs(provenance, fields)) {
            return options.dkimSigning && (await authorsSigners(fields)).length > 0
          }
          if (!options.arcSealing || ownResults(fields, options.authservIds) === undefined)
            return false
          return (await sealerOf(forwarder)) !== undefined
        },
        async make(fields, bodyHash) {
          try {
            return isOurs(provenance, fields)
              ? await sign(message, fields, bodyHash)
              : await seal(message, fields, bodyHash, forwarder)
          } catch (error) {
            // A key that cannot sign must not keep the mail here.
            log.error({ queueId: message.queueId, error }, 'message not signed')
            return ''
          }
        },
        knownBodyHash: (host) => bodyHashes.get(nameOf(host)),
        learnBodyHash: (host, hash) => remember(bodyHashes, nameOf(host), hash),
      }
      return putInFront(front)
    },
  }
}

/**
 * Strangers' mail at which nobody looked, as of LMTP: RFC 8601 §2.2 has words for it. Without them a filter would send it back as if it had
 * been ours.
 */
const unlooked = ({ hostname, authservIds }: SigningOptions): FieldsInFront => ({
  isWanted: (fields) => ownResults(fields, authservIds) === undefined,
  make: async () => `Authentication-Results: ${hostname}; none\r\n`,
  // Of no use to what is made.
  knownBodyHash: () => '',
  learnBodyHash: () => undefined,
})

function remember<T>(map: Map<string, T>, name: string, value: T): void {
  map.set(name, value)
  takeOldest(map, REMEMBERED_MAX)
}
