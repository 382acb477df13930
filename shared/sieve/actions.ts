// What is to become of a message as its scripts say it: a list, in order. Nothing of it has happened; delivery does it
// (services/delivery/local), all of it or none.

import type { Position } from './finding.ts'
import type { Mailto } from './made/mailto.ts'
import type { SieveMessage } from './message.ts'

/** Into a folder: which message (as it came, or as the script changed it), and with which flags; null: none were set. */
type Stored = {
  readonly message: SieveMessage
  readonly flags: readonly string[] | null
}

export type Action = { readonly at: Position } & (
  | ({ readonly kind: 'keep' } & Stored)
  | ({
      readonly kind: 'fileinto'
      /** UTF-8, with the hierarchy separator of IMAP. */
      readonly folder: string
      /** RFC 5490 §3.2: made where there is none; else mail for it goes into INBOX. */
      readonly create: boolean
      /** RFC 8579 §3: the folder with this use goes before the name. */
      readonly specialUse: string | null
      /** RFC 9042 §4: the folder with this id goes before the name. */
      readonly mailboxId: string | null
    } & Stored)
  | { readonly kind: 'discard' }
  | {
      readonly kind: 'redirect'
      readonly to: string
      readonly message: SieveMessage
    }
  | {
      /** RFC 5429: `ereject` is refused with a status, `reject` with a report where it must be. */
      readonly kind: 'reject' | 'ereject'
      readonly reason: string
    }
  | {
      readonly kind: 'vacation'
      /** Of text/plain, or a whole MIME entity with its header fields (`mime`). */
      readonly reason: string
      readonly mime: boolean
      readonly subject: string | null
      readonly from: string | null
      /** What else is the owner's. */
      readonly addresses: readonly string[]
      /** Until the same sender is answered again. */
      readonly seconds: number
      /** Answers with the same handle count as one. */
      readonly handle: string
      readonly fcc: Fcc | null
    }
  | {
      /** RFC 5435; `method` is the URI as it was written. */
      readonly kind: 'notify'
      readonly method: string
      /** What it says, without whom the same run told before. */
      readonly mailto: Mailto
      readonly message: string | null
      readonly from: string | null
      readonly importance: '1' | '2' | '3'
      readonly options: readonly string[]
      readonly fcc: Fcc | null
    }
)

/** RFC 8580: a copy of what is sent, into a folder. */
export type Fcc = Pick<
  Extract<Action, { readonly kind: 'fileinto' }>,
  'folder' | 'create' | 'specialUse' | 'mailboxId' | 'flags'
>

/** RFC 7352 §4: to be remembered once all else is done. */
export type Seen = { readonly id: string; readonly seconds: number; readonly last: boolean }
