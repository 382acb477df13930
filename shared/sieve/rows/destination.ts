// Where fileinto, and :fcc, put a message: tags that both have, and what can be wrong with them.

import {
  type Checker,
  flag,
  option,
  string,
  strings,
  type Unknown,
  unknown,
} from '../definition.ts'
import { SieveRunError } from '../run/failure.ts'

/** :create of RFC 5490 §3.2, :flags of RFC 5232 §5, :specialuse of RFC 8579 §4, :mailboxid of RFC 9042 §4. */
export const destinationTags = {
  create: flag('create', 'mailbox'),
  flags: option('flags', strings, 'imap4flags'),
  specialUse: option('specialuse', string, 'special-use'),
  mailboxId: option('mailboxid', string, 'mailboxid'),
}

type Given = {
  readonly specialUse: string | undefined | Unknown
  readonly mailboxId: string | undefined | Unknown
}

export function checkDestination({ specialUse, mailboxId }: Given, checker: Checker): void {
  // RFC 9042 §4.2: both name a folder.
  if (specialUse !== undefined && mailboxId !== undefined) {
    checker.error(':specialuse and :mailboxid exclude each other')
  }
  if (specialUse !== undefined && specialUse !== unknown && !isSpecialUse(specialUse)) {
    checker.error(noSpecialUse(specialUse))
  }
}

/** With variables it is known only when it runs. */
export function specialUseOf(given: string | undefined): string | null {
  if (given !== undefined && !isSpecialUse(given)) throw new SieveRunError(noSpecialUse(given))
  return given ?? null
}

/** RFC 6154 §6: use-attr = "\" atom. */
export function isSpecialUse(text: string): boolean {
  return /^\\[!#$&'+\-./0-9:;<=>?@A-Z[^_`a-z|}~]{1,100}$/.test(text)
}

export const noSpecialUse = (text: string) =>
  `"${text}" is no special use, which is written as "\\\\Junk" is`
