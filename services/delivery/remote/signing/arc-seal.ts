// One more set of an ARC chain (RFC 8617 §4.1, §5.1): what we found of a message when it came, signed with the message as it leaves again.

import { authservIdIn } from '#shared/mail/authserv-id.ts'
import type { ByteString } from '#shared/mail/message-index.ts'
import { folded, type Signer, signatureField, signatureOf, wrapped } from './dkim-signature.ts'
import {
  canonicalFields,
  presentNames,
  relaxed,
  relaxedValue,
  type SignedField,
} from './signed-header.ts'

/** RFC 8617 §4.2.1. */
export const ARC_SETS_MAX = 50
/** Of one field of a chain, as the check on arrival has it. */
const FIELD_BYTES_MAX = 8 * 1024

const signedNames =
  'from sender reply-to subject date message-id to cc resent-date resent-from resent-to resent-cc in-reply-to references mime-version content-type content-transfer-encoding list-id list-help list-unsubscribe list-subscribe list-post list-owner list-archive dkim-signature'.split(
    ' ',
  )

export type ArcOptions = {
  /** Our names in Authentication-Results, in small letters. */
  readonly authservIds: readonly string[]
  readonly atMs: number
}

/** Whether it came from a stranger and was looked at: then it has a field in our name, and nobody else's. */
export const ownResults = (
  fields: readonly SignedField[],
  authservIds: readonly string[],
): SignedField | undefined =>
  fields.find(({ name, body }) => {
    if (name !== 'authentication-results') return false
    const id = authservIdIn(Buffer.from(body, 'latin1'), true)
    return id !== undefined && authservIds.includes(id)
  })

/** The three fields on top of the message; undefined where nothing can be said for it. */
export async function arcSet(
  fields: readonly SignedField[],
  bodyHash: string,
  signer: Signer,
  { authservIds, atMs }: ArcOptions,
): Promise<ByteString | undefined> {
  const own = ownResults(fields, authservIds)
  const found = own && own.body.length <= FIELD_BYTES_MAX ? arcResultIn(own.body) : undefined
  const chain = chainOf(fields)
  // A chain that we know nothing of is nobody's to go on with.
  if (own === undefined || found === undefined || chain.isEnded) return undefined
  const isWhole = chain.sets.length === chain.highest
  if ((found === 'none') !== (chain.highest === 0)) return undefined
  const cv = found === 'pass' && !isWhole ? 'fail' : found
  const instance = chain.highest + 1
  if (instance > ARC_SETS_MAX) return undefined
  const results: SignedField = {
    name: 'arc-authentication-results',
    body: ` i=${instance};${own.body.trimEnd()}\r\n`,
  }
  const names = presentNames(fields, signedNames)
  const message = await signatureField(
    {
      name: 'ARC-Message-Signature',
      first: `i=${instance}`,
      names,
      canonical: canonicalFields(fields, names),
      bodyHash,
      atMs,
    },
    signer,
  )
  const value = folded([
    `i=${instance}`,
    `a=${signer.algorithm}-sha256`,
    `t=${Math.floor(atMs / 1_000)}`,
    `cv=${cv}`,
    `d=${signer.domain}`,
    `s=${signer.selector}`,
    'b=',
  ])
  // §5.1.1, §5.1.2: all sets from the first on, of a chain that failed this one alone; the seal itself last, without its line end.
  const before = cv === 'fail' ? [] : chain.sets.flat()
  const data =
    [...before, results].map(relaxed).join('') +
    relaxed({
      name: 'arc-message-signature',
      body: message.slice(message.indexOf(':') + 1),
    }) +
    relaxed({ name: 'arc-seal', body: value }).slice(0, -2)
  const seal = `ARC-Seal:${value}${wrapped(await signatureOf(data, signer))}\r\n`
  return `${seal}${message}ARC-Authentication-Results:${results.body}`
}

type Chain = {
  /** Each as it is sealed: results, message signature, seal. Those that are whole, from the first on. */
  readonly sets: readonly (readonly SignedField[])[]
  readonly highest: number
  /** The last seal says that the chain is broken: nothing is added (RFC 8617 §5.1). */
  readonly isEnded: boolean
}

const chainNames = ['arc-authentication-results', 'arc-message-signature', 'arc-seal'] as const

function chainOf(fields: readonly SignedField[]): Chain {
  const found = new Map<string, SignedField>()
  let highest = 0
  let isSound = true
  for (const field of fields) {
    if (!chainNames.some((name) => name === field.name)) continue
    const instance = instanceOf(field)
    const key = `${field.name} ${instance}`
    if (instance === undefined || found.has(key)) isSound = false
    highest = Math.max(highest, instance ?? 0)
    found.set(key, field)
  }
  const last = found.get(`arc-seal ${highest}`)
  const isEnded = last !== undefined && tagOf(last.body, 'cv') === 'fail'
  const sets: SignedField[][] = []
  for (let instance = 1; isSound && instance <= highest; instance++) {
    const set = chainNames.flatMap((name) => found.get(`${name} ${instance}`) ?? [])
    if (set.length === chainNames.length) sets.push(set)
  }
  return { sets, highest, isEnded }
}

/** 1 to 50; undefined where there is none. */
function instanceOf({ body }: SignedField): number | undefined {
  if (body.length > FIELD_BYTES_MAX) return undefined
  const text = tagOf(body, 'i') ?? ''
  const instance = /^\d{1,2}$/.test(text) ? Number(text) : 0
  return instance >= 1 && instance <= ARC_SETS_MAX ? instance : undefined
}

function tagOf(body: ByteString, tag: string): string | undefined {
  for (const part of relaxedValue(body).split(';')) {
    const at = part.indexOf('=')
    if (at > 0 && part.slice(0, at).trim().toLowerCase() === tag) return part.slice(at + 1).trim()
  }
  return undefined
}

/** What our own field says of the chain (RFC 8601 §2.7): its `arc=`, out of comments and quotes. */
export function arcResultIn(body: ByteString): 'none' | 'pass' | 'fail' | undefined {
  const [, word] =
    /(?:^|;)\s?arc ?= ?(none|pass|fail)(?![\w-])/i.exec(bare(relaxedValue(body))) ?? []
  const result = word?.toLowerCase()
  return result === 'none' || result === 'pass' || result === 'fail' ? result : undefined
}

/** Without comments and what is quoted; linear. */
function bare(text: string): string {
  let kept = ''
  let depth = 0
  let isQuoted = false
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at)
    if (character === '\\') at++
    else if (character === '"' && depth === 0) isQuoted = !isQuoted
    else if (isQuoted) continue
    else if (character === '(') depth++
    else if (character === ')' && depth > 0) depth--
    else if (depth === 0) kept += character
  }
  return kept
}
