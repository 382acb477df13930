// A report of what became of a message: what it says, and to whom. RFC 3461 §6 tells when one is due, RFC 3464 what stands in it;
// compose.ts writes it.

/** RFC 3464 §2.3.3; the last two are Postfix's, of addresses that somebody only asks about (sendmail -bv). */
export type Action =
  | 'failed'
  | 'delayed'
  | 'delivered'
  | 'relayed'
  | 'expanded'
  | 'deliverable'
  | 'undeliverable'

export type ReportedRecipient = {
  /** Behind all aliases. */
  readonly address: string
  /** As the sender wrote it. */
  readonly original: string
  /** ORCPT as `type;address`, null where the sender gave none. */
  readonly originalRecipient: string | null
  readonly action: Action
  /** RFC 3463. */
  readonly status: string
  /** Why, in one line. */
  readonly reply: string
  /** The host that was spoken to, `name[address]`; null where none was. */
  readonly remoteMta: string | null
}

/** What the report is about; `problem` is of ours, for whoever runs the system. */
export type ReportKind = 'failure' | 'delay' | 'success' | 'verify' | 'problem'

export type Report = {
  readonly kind: ReportKind
  /** A postmaster is told of what became of others' mail. */
  readonly reader: 'sender' | 'postmaster'
  readonly to: string
  /** Our name. */
  readonly hostname: string
  /** What stands behind `MAILER-DAEMON@` and `postmaster@`. */
  readonly domain: string
  readonly recipients: readonly [ReportedRecipient, ...ReportedRecipient[]]
  readonly message: ReportedMessage
  /** Undelivered mail is tried until then. */
  readonly retriesUntilMs: number
  readonly atMs: number
  /** Of the report, without angle brackets. */
  readonly messageId: string
  /** Nobody else may know it before. */
  readonly boundary: string
}

export type ReportedMessage = {
  readonly queueId: string
  /** '' for the null sender. */
  readonly sender: string
  readonly arrivedMs: number
  /** ENVID. */
  readonly envelopeId: string | null
  /** With angle brackets; null where it has none. */
  readonly messageId: string | null
  readonly returned: Returned | null
}

/** What of the message is sent back: all of it, or its header. */
export type Returned = {
  readonly kind: 'full' | 'headers'
  readonly bytes: Uint8Array
  /** SMTPUTF8 was said of it, and its header has such characters. */
  readonly isInternational: boolean
}
