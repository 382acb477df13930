// The signatures of a message (DKIM, RFC 6376; ARC, RFC 8617), found in its header and checked when its body has passed. mailauth judges;
// what it would do with bytes of a stranger in more than linear time is done here.

import { createPublicKey } from 'node:crypto'
import type { ArcSet, DkimResult, SignatureHeader } from 'mailauth/lib/dkim/dkim-verifier.js'
import { parseAddressList } from '#shared/mail/address-list.ts'
import { BodyDigest, CanonicalBody, type Canonicalisation } from '#shared/mail/body-hash.ts'
import { unfold } from '#shared/mail/header-field.ts'
import { type HeaderField, isBlank } from './arriving-header.ts'
import type { MailauthResolver } from './mailauth-resolver.ts'

/** Signatures of one message that are looked at, the topmost. */
export const DKIM_SIGNATURES_MAX = 10
/** Of one signature field; those of today have some 1,000. */
export const SIGNATURE_BYTES_MAX = 8 * 1024
/** In a row, in a signature: its lines are folded with a few. */
export const SIGNATURE_BLANKS_MAX = 100
/** Of the field that names the author; room for a hundred addresses. */
export const FROM_BYTES_MAX = 8 * 1024
/** RFC 8301 §3.2: shorter keys prove nothing. */
export const RSA_KEY_BITS_MIN = 1_024

/**
 * Of the record of a key. One of 4,096 bits, the most that RFC 8301 §3.2 asks for, has some 750: what is longer takes its time, on the
 * thread that serves everybody.
 */
export const KEY_RECORD_BYTES_MAX = 1_024
/** All are 65,537, or smaller; with one as long as the key a check takes four hundred times as long, and a chain has fifty seals. */
const KEY_EXPONENT_BITS_MAX = 64n

export type SignatureWord = 'pass' | 'fail' | 'policy' | 'neutral' | 'temperror' | 'permerror'

export type DkimSignature = {
  readonly result: SignatureWord
  readonly reason: string | undefined
  readonly domain: string
  readonly identity: string | undefined
  readonly selector: string
  readonly algorithm: string | undefined
  /** Its first characters, which tell it from others (RFC 6008). */
  readonly start: string | undefined
}

export type ArcResult = {
  readonly result: 'none' | 'pass' | 'fail'
  readonly reason: string | undefined
  /** Oldest first; none unless it passes. */
  readonly sets: readonly ArcSealed[]
  /** What was signed last, and is checked, has the author in it. */
  readonly coversFrom: boolean
}

/** What the one who sealed said that he had found. */
export type ArcSealed = {
  readonly sealer: string
  readonly dmarc: { readonly result: string; readonly from: string } | undefined
}

export type Signatures = {
  readonly dkim: readonly DkimSignature[]
  /** Signatures beyond those that were looked at. */
  readonly ignored: number
  readonly arc: ArcResult
  /** Addresses in From, as anybody may read it, and how many such fields there are. */
  readonly from: readonly string[]
  readonly fromFields: number
}

/** As mailauth says it. */
const FROM_NOT_SIGNED = 'From field not signed'

const words: readonly SignatureWord[] = [
  'pass',
  'fail',
  'policy',
  'neutral',
  'temperror',
  'permerror',
]

export interface SignatureCheck {
  body(chunk: Uint8Array): void
  finish(): Promise<Signatures>
}

type Mailauth = {
  readonly DkimVerifier: typeof import('mailauth/lib/dkim/dkim-verifier.js').DkimVerifier
  readonly arc: typeof import('mailauth/lib/arc/index.js').arc
}

/** Loaded once, with the first message: it takes longer than all else that a listener loads. */
export async function loadMailauth(): Promise<Mailauth> {
  const [{ DkimVerifier }, { arc }] = await Promise.all([
    import('mailauth/lib/dkim/dkim-verifier.js'),
    import('mailauth/lib/arc/index.js'),
  ])
  return { DkimVerifier, arc }
}

/** `now`: signatures expire. */
export function checkSignatures(
  { DkimVerifier, arc }: Mailauth,
  fields: readonly HeaderField[],
  asked: MailauthResolver,
  now: Date,
): SignatureCheck {
  const resolver = withoutCostlyKeys(asked)
  const bodies = new Map<string, CanonicalBody>()

  /** What needs judgement only; header and body are divided, and bodies hashed, here. */
  class Verifier extends DkimVerifier {
    override prepareSignature(signature: SignatureHeader): void {
      const isSeal = signature.type === 'ARC'
      // RFC 8617 §4.1.2 says nothing of a lacking `c=`, and those that sealed before it meant relaxed.
      if (isSeal && signature.parsed?.c === undefined) {
        signature.fallbackCanonicalization = 'relaxed/relaxed'
      }
      super.prepareSignature(signature)
      // A chain says what it says of what it covers; whether that is the author is looked at where the chain is to count (verdict.ts).
      if (isSeal && signature.invalid === FROM_NOT_SIGNED) delete signature.invalid
    }

    override addBodyHash(form: string, algorithm: string, length: number | ''): string {
      const key = [form, algorithm, length].join(':')
      if (!this.bodyHashes.has(key)) {
        const limit = length === '' ? Number.POSITIVE_INFINITY : length
        const digest = new BodyDigest(algorithm, limit)
        this.bodyHashes.set(key, digest)
        bodyIn(form).digests.push(digest)
      }
      return key
    }
  }

  function bodyIn(form: string): CanonicalBody {
    const canonicalisation: Canonicalisation = form === 'relaxed' ? 'relaxed' : 'simple'
    const body = bodies.get(canonicalisation) ?? new CanonicalBody(canonicalisation)
    bodies.set(canonicalisation, body)
    return body
  }

  const verifier = new Verifier({
    resolver,
    sender: '',
    strict: true,
    minBitLength: RSA_KEY_BITS_MIN,
    curTime: now,
  })
  const { looked, ignored } = lookedAt(fields)
  const begun = verifier.messageHeaders({ parsed: looked })
  // Whoever waits hears of it.
  begun.catch(() => {})
  // A signature may cover what is not looked at itself.
  verifier.headers = { parsed: fields }
  askForKeys(verifier.signatureHeaders, resolver)

  return {
    body(chunk) {
      for (const body of bodies.values()) body.push(chunk)
    },
    async finish() {
      for (const body of bodies.values()) body.finish()
      await begun
      await verifier.finalChunk()
      const chain = arcChain(verifier.arc.chain || [])
      const sealed = await arc(verifier.arc, {
        resolver,
        strict: true,
        minBitLength: RSA_KEY_BITS_MIN,
      })
      return {
        dkim: verifier.results.flatMap(dkimSignature),
        ignored,
        arc: arcResult(sealed.status, chain),
        from: withShown(verifier.headerFrom, looked),
        fromFields: verifier.fromFields,
      }
    },
  }
}

/** And those of other domains that our own readers show, in a field that is not well formed: nobody passes for one of several authors. */
function withShown(found: readonly string[], fields: readonly HeaderField[]): readonly string[] {
  const domains = new Set(found.map((text) => text.slice(text.lastIndexOf('@') + 1).toLowerCase()))
  const shown = fields.flatMap(({ key, line }) => {
    if (key !== 'from') return []
    const value = unfold(line.toString('latin1', line.indexOf(':') + 1))
    return parseAddressList(value).flatMap(({ mailbox, host }) =>
      mailbox && host ? [Buffer.from(`${mailbox}@${host}`, 'latin1').toString('utf8')] : [],
    )
  })
  const isOther = (text: string) =>
    !domains.has(text.slice(text.lastIndexOf('@') + 1).toLowerCase())
  return [...found, ...shown.filter(isOther)]
}

function withoutCostlyKeys(resolver: MailauthResolver): MailauthResolver {
  const isCheap = (record: unknown) => {
    const text = [record].flat().join('')
    return text.length <= KEY_RECORD_BYTES_MAX && keysIn(text).every(hasUsualExponent)
  }
  return async (name, type) => {
    const records = await resolver(name, type)
    return type === 'TXT' ? records.filter(isCheap) : records
  }
}

const keysIn = (record: string) =>
  record.split(';').flatMap((tag) => {
    const at = tag.indexOf('=')
    return tag.slice(0, at).trim() === 'p' ? [Buffer.from(tag.slice(at + 1), 'base64')] : []
  })

function hasUsualExponent(key: Buffer): boolean {
  // RFC 6376 §3.6.1 has the one, and everybody publishes the other.
  for (const type of ['spki', 'pkcs1'] as const) {
    try {
      const { asymmetricKeyDetails } = createPublicKey({ key, format: 'der', type })
      return (asymmetricKeyDetails?.publicExponent ?? 0n) < 2n ** KEY_EXPONENT_BITS_MAX
    } catch {
      // Of the other kind, or none; then nothing is checked with it.
    }
  }
  return true
}

/** Fields of signatures beyond the limits are for mailauth none; the others are all there. */
function lookedAt(fields: readonly HeaderField[]) {
  let signatures = 0
  let ignored = 0
  let authors = 0
  const looked = fields.map((field) => {
    // A second one is enough to know that there is not one author.
    if (field.key === 'from') return ++authors <= 2 ? field : { ...field, key: '' }
    const isSignature = field.key === 'dkim-signature'
    const isArc = field.key.startsWith('arc-')
    if (!isSignature && !isArc) return field
    const isFit = field.line.length <= SIGNATURE_BYTES_MAX && !hasManyBlanks(field.line)
    if (isFit && (isArc || ++signatures <= DKIM_SIGNATURES_MAX)) return field
    if (isSignature) ignored++
    return { ...field, key: '' }
  })
  return { looked, ignored }
}

function hasManyBlanks(line: Uint8Array): boolean {
  let blanks = 0
  for (const byte of line) {
    blanks = isBlank(byte) ? blanks + 1 : 0
    if (blanks > SIGNATURE_BLANKS_MAX) return true
  }
  return false
}

/** Before the body is there. */
function askForKeys(signatures: readonly SignatureHeader[], resolver: MailauthResolver): void {
  for (const { skip, invalid, selector, signingDomain } of signatures) {
    if (skip !== undefined || invalid !== undefined) continue
    resolver(`${selector}._domainkey.${signingDomain}`, 'TXT').catch(() => {})
  }
}

function dkimSignature({ signingDomain, selector, status }: DkimResult): readonly DkimSignature[] {
  // `none`: there is no signature.
  if (signingDomain === undefined) return []
  const { header = {}, comment, result, underSized = 0 } = status
  const signature = {
    result: words.find((word) => word === result) ?? 'neutral',
    reason: comment,
    domain: (header.d || signingDomain).toLowerCase(),
    identity: header.i || undefined,
    selector: selector ?? '',
    algorithm: header.a || undefined,
    start: header.b || undefined,
  }
  // RFC 6376 §8.2: whoever may add to the body may show readers anything.
  const isPartial = signature.result === 'pass' && underSized > 0
  return [isPartial ? { ...signature, result: 'policy', reason: 'body signed in part' } : signature]
}

const noChain: ArcResult = {
  result: 'none',
  reason: undefined,
  sets: [],
  coversFrom: false,
}

export const noSignatures: Signatures = {
  dkim: [],
  ignored: 0,
  arc: noChain,
  from: [],
  fromFields: 0,
}

/** Before mailauth has judged it, which takes it apart. */
function arcChain(chain: readonly ArcSet[]): Pick<ArcResult, 'sets' | 'coversFrom'> {
  const signed = chain.at(-1)?.['arc-message-signature'].parsed?.h?.value ?? ''
  const coversFrom = signed
    .toLowerCase()
    .split(':')
    .some((name) => name.trim() === 'from')
  return { sets: chain.map(sealedBy), coversFrom }
}

function arcResult(
  { result, comment }: { readonly result: string; readonly comment?: string },
  chain: Pick<ArcResult, 'sets' | 'coversFrom'>,
): ArcResult {
  if (result === 'none') return noChain
  if (result !== 'pass') return { ...noChain, result: 'fail', reason: comment }
  return { result, reason: undefined, ...chain }
}

function sealedBy(set: ArcSet): ArcSealed {
  const sealer = String(set['arc-seal'].parsed?.d?.value ?? '').toLowerCase()
  const dmarc = Object(Object(set['arc-authentication-results'].parsed).dmarc)
  const result: unknown = dmarc.value ?? dmarc.result
  const from: unknown = Object(dmarc.header).from
  const said = typeof result === 'string' ? { result, from: String(from ?? '') } : undefined
  return { sealer, dmarc: said }
}
