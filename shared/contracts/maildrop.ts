// What `sendmail` leaves for the server: one file for each message, in a folder where everybody may make files and nobody but the server
// may list or read those of others. It needs no server to run, and no right of its own (services/pickup/README.md).
//
// A file is one line of JSON and the message behind it, lines ended as whoever wrote it ended them. Whoever makes one is a user of the
// machine like any other: nothing in it is believed that his rights do not cover, and who he is the file system says.

/** In the data folder. */
export const MAILDROP_FOLDER = 'maildrop'
/** In the maildrop, for everybody to read: what the server takes. */
export const LIMITS_FILE = 'limits.json'
/** Mode of a file that is whole: its group, the server's, may read it. While it is written only its owner may. */
export const WHOLE_FILE_MODE = 0o640
export const BEGUN_FILE_MODE = 0o600
/** Of the first line. Some 30,000 recipients. */
export const SUBMISSION_LINE_BYTES_MAX = 1024 ** 2

const VERSION = 1

export type Submission = {
  /** Null: whoever owns the file. '' is the null sender. May lack its domain. */
  readonly sender: string | null
  /** For a From field that the message lacks; null where it has one. */
  readonly fullName: string | null
  /** At least one; may lack their domains. */
  readonly recipients: readonly string[]
  readonly notify: readonly ('NEVER' | 'SUCCESS' | 'FAILURE' | 'DELAY')[]
  readonly dsnReturn: 'FULL' | 'HDRS' | null
  readonly dsnEnvelopeId: string | null
  readonly body: '7BIT' | '8BITMIME'
}

/** What of the settings `sendmail` keeps to, so that people hear at once what the server would say when nobody listens any more. */
export type MaildropLimits = {
  readonly messageSizeLimit: number
  readonly authorizedSubmitUsers: readonly string[]
}

export function encodeSubmission(submission: Submission): Buffer {
  return Buffer.from(`${JSON.stringify({ version: VERSION, ...submission })}\n`)
}

/** Undefined for what is none, or of a version that is not known. */
export function parseSubmission(line: string): Submission | undefined {
  const given = parseObject(line)
  if (given?.version !== VERSION) return undefined
  const { sender, fullName, recipients, notify, dsnReturn, dsnEnvelopeId, body } = given
  if (!isTextOrNull(sender) || !isTextOrNull(fullName) || !isTextOrNull(dsnEnvelopeId)) {
    return undefined
  }
  if (!isTexts(recipients) || recipients.length === 0 || !isTexts(notify)) return undefined
  if (dsnEnvelopeId !== null && !isEnvelopeId(dsnEnvelopeId)) return undefined
  return {
    sender,
    fullName,
    recipients,
    notify: notifyWords.filter((word) => notify.includes(word)),
    dsnReturn: dsnReturn === 'FULL' || dsnReturn === 'HDRS' ? dsnReturn : null,
    dsnEnvelopeId,
    body: body === '7BIT' ? '7BIT' : '8BITMIME',
  }
}

const ENVELOPE_ID_CHARACTERS_MAX = 100

/** RFC 3461 §4.4: printable ASCII, no longer than that as it is written in MAIL, where some characters become three (§4). */
export function isEnvelopeId(text: string): boolean {
  const written = text.replaceAll(/[ +=]/g, '+hh')
  return /^[ -~]*$/.test(text) && written.length <= ENVELOPE_ID_CHARACTERS_MAX
}

export function parseLimits(text: string): MaildropLimits | undefined {
  const { messageSizeLimit, authorizedSubmitUsers } = parseObject(text) ?? {}
  if (typeof messageSizeLimit !== 'number' || !isTexts(authorizedSubmitUsers)) return undefined
  return { messageSizeLimit, authorizedSubmitUsers }
}

/** Postfix's authorized_submit_users: the first entry that speaks of the user decides; of whom none speaks may not. */
export function maySubmit(
  user: { readonly name: string | undefined; readonly uid: number },
  entries: readonly string[],
): boolean {
  for (const entry of entries) {
    const isRefused = entry.startsWith('!')
    const name = isRefused ? entry.slice(1) : entry
    const isMeant = name === user.name || name === String(user.uid) || everybody.includes(name)
    if (isMeant) return !isRefused
  }
  return false
}

/** Also what Postfix's `static:` says, whatever stands behind it. */
const everybody: readonly string[] = ['static:anyone', 'static:all', 'static:yes']

export const notifyWords = ['NEVER', 'SUCCESS', 'FAILURE', 'DELAY'] as const

function parseObject(text: string): { readonly [name: string]: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : undefined
  } catch {
    return undefined
  }
}

const isTextOrNull = (value: unknown): value is string | null =>
  value === null || typeof value === 'string'
const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((one) => typeof one === 'string')
