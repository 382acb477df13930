// The Sender Rewriting Scheme: the envelope sender of forwarded mail becomes an address of ours, so that SPF holds and bounces come back,
// and is turned back into what it was when one does. As libsrs2 and PostSRSd write it; a secret is what makes it no relay for everybody.
//
//   SRS0=hash=time=domain=local@ours           of a stranger's address
//   SRS1=hash=first==hash=time=domain=local@ours  of an SRS0 address of the host `first`, which alone can turn that back
//
// Pure: secrets and the time are given.

import { createHmac, timingSafeEqual } from 'node:crypto'
import { type Address, OWN_LOCAL_PART_BYTES_MAX } from './address.ts'
import { type Domain, parseDomain } from './domain.ts'

export type SrsOptions = {
  /** Ours: where bounces come back. */
  readonly domain: Domain
  /** The first signs, all verify. */
  readonly secrets: readonly string[]
  /** Characters of a hash: of those that are made, and at least of those that are taken. */
  readonly hashLength: number
}

/** How long a bounce is taken: longer than other hosts keep mail in their queues. */
export const SRS_AGE_DAYS_MAX = 21
/** A hash has 28 characters of base64, the last for padding. */
export const SRS_HASH_LENGTH_MIN = 4
export const SRS_HASH_LENGTH_MAX = 27

const DAY_MS = 86_400_000
/** RFC 4648 §6, in which two characters tell a day. */
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
/** Days after which the time begins again. */
const TIME_DAYS = BASE32.length ** 2

/** Whether a local part may be one of these at all; written by others in any case, as some servers lower it. */
export const looksLikeSrs = (local: string): boolean => /^SRS[01][-=+]/i.test(local)

/**
 * The sender as forwarded mail has it. Undefined: it would be longer than every host takes (RFC 5321 §4.5.3.1.1), or it is one that nobody
 * can turn back.
 */
export function wrapSender(
  sender: Address,
  { domain, secrets, hashLength }: SrsOptions,
  nowMs: number,
): Address | undefined {
  const [secret] = secrets
  if (secret === undefined) return undefined
  const signed = (...parts: readonly string[]) => hashOf(secret, parts).slice(0, hashLength)
  const address = (local: string) =>
    Buffer.byteLength(local) <= OWN_LOCAL_PART_BYTES_MAX ? { local, domain } : undefined
  const before = parseSrs(sender.local)
  switch (before?.kind) {
    // The first host and what it said stay; ours is the hash before it.
    case 'srs1':
      return address(`SRS1=${signed(before.first, before.rest)}=${before.first}=${before.rest}`)
    case 'srs0': {
      const first = sender.domain
      return address(`SRS1=${signed(first, before.rest)}=${first}=${before.rest}`)
    }
    case undefined: {
      const time = timeOf(nowMs)
      const { domain: host, local } = sender
      return address(`SRS0=${signed(time, host, local)}=${time}=${host}=${local}`)
    }
  }
}

export type Unwrapped =
  | { readonly kind: 'sender'; readonly address: Address }
  /** Not made by us, or not of this form. */
  | { readonly kind: 'forged' }
  | { readonly kind: 'expired' }

/** What a local part of ours stands for. Whoever is not known to have got it from us is told nothing. */
export function unwrapSender(
  local: string,
  { secrets, hashLength }: Omit<SrsOptions, 'domain'>,
  nowMs: number,
): Unwrapped {
  const parsed = parseSrs(local)
  if (parsed === undefined) return forged
  const isOurs = (hash: string, parts: readonly string[]) =>
    secrets.some((secret) => isHash(hash, hashOf(secret, parts), hashLength))
  if (parsed.kind === 'srs1') {
    const { hash, first, rest } = parsed
    if (!isOurs(hash, [first, rest])) return forged
    return found(`SRS0${rest}`, first)
  }
  const [, hash = '', time = '', domain = '', original] =
    /^[-=+]([^=]+)=([^=]+)=([^=]+)=(.+)$/su.exec(parsed.rest) ?? []
  if (original === undefined || !isOurs(hash, [time, domain, original])) return forged
  // Only after the hash: to whom it is not ours it says nothing of its time.
  return isRecent(time, nowMs) ? found(original, domain) : { kind: 'expired' }
}

const forged: Unwrapped = { kind: 'forged' }

function found(local: string, host: string): Unwrapped {
  const domain = parseDomain(host)
  // Signed by us all the same: from other software with our secret.
  return domain === undefined ? forged : { kind: 'sender', address: { local, domain } }
}

type Parsed =
  /** `rest`: from the separator behind SRS0 on. */
  | { readonly kind: 'srs0'; readonly rest: string }
  | { readonly kind: 'srs1'; readonly hash: string; readonly first: string; readonly rest: string }

function parseSrs(local: string): Parsed | undefined {
  if (/^SRS0[-=+]/i.test(local)) return { kind: 'srs0', rest: local.slice(4) }
  const [, hash = '', first = '', rest] = /^SRS1[-=+]([^=]+)=([^=]+)=(.+)$/isu.exec(local) ?? []
  if (rest === undefined) return undefined
  // Some write one separator where there are two: that of SRS1 and that of SRS0.
  return { kind: 'srs1', hash, first, rest: /^[-=+]/.test(rest) ? rest : `=${rest}` }
}

/** base64 with the two characters that every host takes in a local part: some refuse the slash. */
function hashOf(secret: string, parts: readonly string[]): string {
  const text = parts.join('').toLowerCase()
  return createHmac('sha1', secret).update(text).digest('base64url')
}

/** Without regard to case, as servers on the way may have lowered it, and in either of the two alphabets. */
function isHash(given: string, whole: string, lengthMin: number): boolean {
  if (given.length < lengthMin || given.length > whole.length) return false
  const form = (text: string) =>
    Buffer.from(text.toLowerCase().replaceAll('+', '-').replaceAll('/', '_'))
  const [left, right] = [form(given), form(whole.slice(0, given.length))]
  return left.length === right.length && timingSafeEqual(left, right)
}

function timeOf(nowMs: number): string {
  const day = Math.floor(nowMs / DAY_MS) % TIME_DAYS
  return `${BASE32.charAt(day >> 5)}${BASE32.charAt(day & 31)}`
}

function isRecent(time: string, nowMs: number): boolean {
  if (time.length !== 2) return false
  const [high, low] = [...time.toUpperCase()].map((character) => BASE32.indexOf(character))
  if (high === undefined || low === undefined || high < 0 || low < 0) return false
  const day = (high << 5) | low
  const age = (Math.floor(nowMs / DAY_MS) - day + TIME_DAYS) % TIME_DAYS
  // Clocks of several hosts differ: tomorrow's is taken.
  return age <= SRS_AGE_DAYS_MAX || age === TIME_DAYS - 1
}
