// Names of header fields. Sieve tests fields by name; procmail searches the header as one text, so a pattern without a name is looked for in
// the fields that patterns are written for.

/** Where a pattern that names no field is searched. */
export const searchedFields: readonly string[] = [
  'from',
  'to',
  'cc',
  'bcc',
  'subject',
  'sender',
  'reply-to',
  'return-path',
  'delivered-to',
  'x-original-to',
  'envelope-to',
  'resent-from',
  'resent-to',
  'resent-cc',
  'list-id',
  'list-post',
  'mailing-list',
  'x-mailing-list',
  'x-beenthere',
  'message-id',
  'in-reply-to',
  'references',
  'received',
  'organization',
  'x-mailer',
  'user-agent',
  'precedence',
  'content-type',
]

/** What else begins like a pattern that ends within a name: `^X-Spam`. */
const others: readonly string[] = [
  'resent-sender',
  'apparently-to',
  'list-subscribe',
  'list-unsubscribe',
  'list-help',
  'list-owner',
  'list-archive',
  'mailing-list',
  'x-list',
  'x-loop',
  'x-mailinglist',
  'x-spam',
  'x-spam-flag',
  'x-spam-level',
  'x-spam-status',
  'x-spam-score',
  'x-virus',
  'x-virus-status',
  'x-virus-scanned',
  'x-priority',
  'x-envelope-from',
  'x-envelope-to',
  'errors-to',
  'newsgroups',
  'importance',
  'priority',
  'content-transfer-encoding',
  'mime-version',
  'date',
  'comments',
  'keywords',
  'auto-submitted',
  'delivery-date',
]

const known: readonly string[] = [...new Set([...searchedFields, ...others])]

export const isKnownField = (name: string): boolean => known.includes(name.toLowerCase())

/** The field itself, and the known ones that begin with it. */
export function fieldsBeginningWith(prefix: string): readonly string[] {
  const folded = prefix.toLowerCase()
  // A name that ends in - is none yet.
  const itself = folded.endsWith('-') || known.includes(folded) ? [] : [folded]
  return [...itself, ...known.filter((name) => name.startsWith(folded))]
}
