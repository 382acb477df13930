// Addresses in header fields of mail of our own clients, as Postfix's cleanup rewrites them: completed, canonical(5), masqueraded. A step of
// the content stage, after all that looks at the message as it came and before the filters, milters among them, which see what is
// stored. Mail of strangers is none of its business (Postfix's local_header_rewrite_clients).

import type { ContentMessage, ContentStep, StepVerdict } from '#shared/contracts/content.ts'
import type { Origin } from '#shared/contracts/spool.ts'
import type { AddressRewriting } from '#shared/directory/rewriting.ts'
import { formatAddress } from '#shared/mail/address.ts'
import {
  type AddressRole,
  formatFieldAddress,
  parseAddressField,
  parseFieldAddress,
  REWRITTEN_ADDRESSES_MAX,
  roleOfField,
} from '#shared/mail/address-field.ts'
import { EDITED_HEADER_BYTES_MAX, type HeaderEdit } from '#shared/mail/header-edits.ts'
import { fieldEnd } from '#shared/mail/header-field.ts'
import { HeaderReader } from '#shared/mail/header-reader.ts'
import type { ByteString } from '#shared/mail/message-index.ts'
import { plainAddress } from '#shared/net/plain-address.ts'
import { turns } from '#shared/runtime/turns.ts'
import { createNetworkMatcher } from '#shared/settings/networks.ts'

/** Fields of one message that are rewritten; of a client of ours, which has no more than some. */
export const REWRITTEN_FIELDS_MAX = 100

export type RewritingStepOptions = {
  readonly localHeaderRewriteClients: readonly (
    | 'permit_inet_interfaces'
    | 'permit_mynetworks'
    | 'permit_sasl_authenticated'
  )[]
  readonly mynetworks: readonly string[]
  /**
   * There are maps for it: then this process may read what it has stored. Otherwise names are completed, and only where the message is
   * not in the store yet, which on AWS is one of some megabytes.
   */
  readonly rewritesHeaders: boolean
}

export function createRewritingStep(
  rewriting: Pick<AddressRewriting, 'header' | 'origin'>,
  options: RewritingStepOptions,
): ContentStep {
  const isOurs = createClientTest(options)
  return {
    name: 'rewriting',
    isQuiet: true,
    begin: ({ origin }) =>
      isOurs(origin)
        ? {
            async judge(message) {
              const isOutOfReach = message.spooled.isStored && !options.rewritesHeaders
              return isOutOfReach ? { kind: 'accept' } : await judge(message, rewriting)
            },
          }
        : undefined,
  }
}

function createClientTest({
  localHeaderRewriteClients: clients,
  mynetworks,
}: RewritingStepOptions): (origin: Origin) => boolean {
  const isMynetwork = createNetworkMatcher(mynetworks)
  const isLoopback = createNetworkMatcher(['127.0.0.0/8', '::1/128'])
  return ({ listener, account, remoteAddress, dialogue }) => {
    const isHere =
      listener === 'local' ||
      isLoopback(remoteAddress) ||
      plainAddress(remoteAddress) === plainAddress(dialogue?.localAddress ?? '')
    return (
      (clients.includes('permit_sasl_authenticated') && account !== null) ||
      (clients.includes('permit_mynetworks') && isMynetwork(remoteAddress)) ||
      (clients.includes('permit_inet_interfaces') && isHere)
    )
  }
}

async function judge(
  message: Pick<ContentMessage, 'open'>,
  rewriting: Pick<AddressRewriting, 'header' | 'origin'>,
): Promise<StepVerdict> {
  const edits = await rewriteHeader(await headerOf(message), rewriting)
  if (edits.length === 0) return { kind: 'accept' }
  const names = new Set(edits.map(({ name }) => name))
  return { kind: 'accept', edits, found: [...names].join(', ') }
}

type Replacement = Extract<HeaderEdit, { readonly kind: 'replace' }>

/** What is to be changed of a header; for whoever has mail of ours without a client. */
export async function rewriteHeader(
  header: ByteString,
  rewriting: Pick<AddressRewriting, 'header' | 'origin'>,
): Promise<readonly Replacement[]> {
  const edits: Replacement[] = []
  const occurrences = new Map<string, number>()
  const known = new Map<string, ByteString>()
  for (let start = 0; start < header.length; ) {
    const end = fieldEnd(header, start)
    const field = header.slice(start, end)
    start = end
    const name = field.slice(0, Math.max(0, field.indexOf(':'))).trim()
    const role = roleOfField(name)
    if (role === undefined) continue
    const lower = name.toLowerCase()
    const occurrence = (occurrences.get(lower) ?? 0) + 1
    occurrences.set(lower, occurrence)
    if (edits.length >= REWRITTEN_FIELDS_MAX) break
    const rewritten = await rewriteField(field, role, { rewriting, known })
    if (rewritten !== undefined) {
      edits.push({ kind: 'replace', name, occurrence, field: rewritten })
    }
  }
  return edits
}

/** Undefined: it stays. */
async function rewriteField(
  field: ByteString,
  role: AddressRole,
  {
    rewriting,
    known,
  }: {
    readonly rewriting: Pick<AddressRewriting, 'header' | 'origin'>
    readonly known: Map<string, ByteString>
  },
): Promise<ByteString | undefined> {
  const parsed = parseAddressField(field)
  if (parsed === undefined) return undefined
  const keyOf = (text: ByteString) => `${role} ${text}`
  for (const text of parsed.addresses) {
    const key = keyOf(text)
    if (known.has(key)) continue
    if (known.size >= REWRITTEN_ADDRESSES_MAX) break
    known.set(key, await rewriteAddress(text, role, rewriting))
    const wait = turns.step()
    if (wait) await wait
  }
  return parsed.withAddresses((text) => known.get(keyOf(text)) ?? text)
}

async function rewriteAddress(
  text: ByteString,
  role: AddressRole,
  rewriting: Pick<AddressRewriting, 'header' | 'origin'>,
): Promise<ByteString> {
  const isBare = !text.includes('@')
  // Whoever says the way himself is left alone.
  if (isBare && /[%!]/.test(text)) return text
  const address = parseFieldAddress(text, rewriting.origin)
  if (address === undefined) return text
  const now = await rewriting.header(role, address)
  return isBare || formatAddress(now) !== formatAddress(address) ? formatFieldAddress(now) : text
}

/** '' where it is too long to be edited: it stays. */
export async function headerOf({ open }: Pick<ContentMessage, 'open'>): Promise<ByteString> {
  const reader = new HeaderReader(EDITED_HEADER_BYTES_MAX)
  for await (const chunk of open()) {
    reader.push(chunk)
    if (reader.ended || reader.tooLong) break
  }
  return reader.tooLong ? '' : reader.text
}
