import { randomBytes } from 'node:crypto'
import type { AccountId } from '#shared/contracts/mailbox.ts'

/** 80 random bits in hex: account ids are never reused, so mail left behind can never show up in a new account. */
export function newAccountId(): AccountId {
  return randomBytes(10).toString('hex') as AccountId
}

/** The id in a string from outside, undefined when it is none. */
export function parseAccountId(text: string): AccountId | undefined {
  return /^[0-9A-Za-z_-]{1,64}$/.test(text) ? (text as AccountId) : undefined
}
