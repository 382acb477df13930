// sendmail(1) as Postfix has it: puts the message into the maildrop, also while the server is down. 0 is said when it is durable there; of
// every failure 75.

import { readFile } from 'node:fs/promises'
import {
  isEnvelopeId,
  type MaildropLimits,
  maySubmit,
  notifyWords,
  type Submission,
} from '#shared/contracts/maildrop.ts'
import { parseAddress } from '#shared/mail/address.ts'
import { parseAddressList } from '#shared/mail/address-list.ts'
import { formatDate } from '#shared/mail/date.ts'
import { parseDomain } from '#shared/mail/domain.ts'
import { forEachField, unfold } from '#shared/mail/header-field.ts'
import type { ByteString } from '#shared/mail/message-index.ts'
import { getopt } from './getopt.ts'
import { readLimits } from './maildrop-file.ts'
import { findMaildrop, leave, type Place } from './maildrop-place.ts'
import { hasField, readInput, type SendmailInput, withoutFields } from './sendmail-input.ts'
import { EX_TEMPFAIL, Fatal, type PostfixCommand, type PostfixProcess, warn, who } from './world.ts'

const NAME = 'sendmail'
/** Also what other sendmails know, so that scripts need not be changed. */
const LETTERS = 'A:B:C:F:GIL:N:O:R:UV:X:b:ce:f:h:imno:p:r:q:tvx'
/** Where the server never said what it takes: then it says so itself. */
const unlimited: MaildropLimits = {
  messageSizeLimit: Number.POSITIVE_INFINITY,
  authorizedSubmitUsers: ['static:anyone'],
}

type Wanted = {
  mode: 'message' | 'smtp' | 'list' | 'aliases' | 'flush' | 'verify'
  flush: readonly string[]
  isDotText: boolean
  fromHeader: boolean
  isVerbose: boolean
  sender: string | null
  fullName: string | undefined
  notify: Submission['notify']
  dsnReturn: Submission['dsnReturn']
  envelopeId: string | null
  body: Submission['body']
  data: string | undefined
}

export const sendmail: PostfixCommand = async (words, process) => {
  const given = getopt(withFlushValue(words), LETTERS)
  if (typeof given === 'string') {
    process.say(`${NAME}: ${given}\n`)
    throw new Fatal('usage: sendmail [options]', EX_TEMPFAIL)
  }
  const wanted = readOptions(given.options, process)
  switch (wanted.mode) {
    case 'list':
      return (await import('./postqueue.ts')).mailq([], process)
    case 'flush':
      return (await import('./postqueue.ts')).postqueue(wanted.flush, process)
    case 'aliases':
      return (await import('./postmap.ts')).newaliases([], process)
    case 'smtp':
      return (await import('./sendmail-smtp.ts')).speakSmtp(
        process,
        await placeFor(wanted, process),
      )
    case 'verify':
      throw new Fatal(
        "-bv is not supported: 'postwolke alias show ADDRESS' says where an address leads",
        EX_TEMPFAIL,
      )
    case 'message':
      return submit(wanted, given.rest, process)
  }
}

/** `-q` stands alone, or with its value attached. */
const withFlushValue = (words: readonly string[]) => words.map((w) => (w === '-q' ? '-qf' : w))

function readOptions(
  options: readonly (readonly [string, string])[],
  process: PostfixProcess,
): Wanted {
  const wanted: Wanted = {
    mode: 'message',
    flush: [],
    isDotText: false,
    fromHeader: false,
    isVerbose: false,
    sender: null,
    fullName: undefined,
    notify: [],
    dsnReturn: null,
    envelopeId: null,
    body: '8BITMIME',
    data: undefined,
  }
  for (const [letter, value] of options) readOption(wanted, letter, value, process)
  return wanted
}

function readOption(wanted: Wanted, letter: string, value: string, process: PostfixProcess): void {
  switch (letter) {
    case 'b':
      wanted.mode = modeOf(value)
      return
    case 'I':
      wanted.mode = 'aliases'
      return
    case 'q':
      readFlush(wanted, value)
      return
    case 'i':
      wanted.isDotText = true
      return
    case 'o':
      if (value === 'i') wanted.isDotText = true
      return
    case 't':
      wanted.fromHeader = true
      return
    case 'v':
      wanted.isVerbose = true
      return
    case 'f':
    case 'r':
      wanted.sender = senderOf(value, process)
      return
    case 'F':
      wanted.fullName = value
      return
    case 'N':
      wanted.notify = notifyOf(value, process) ?? wanted.notify
      return
    case 'R':
      wanted.dsnReturn = returnOf(value, process) ?? wanted.dsnReturn
      return
    case 'V':
      // -XV is for VERP, which Postfix's sendmail writes the same letter for.
      if (value.startsWith('=') || value === '') return
      if (isEnvelopeId(value)) wanted.envelopeId = value
      else warn(process, NAME, 'bad -V option value -- ignored')
      return
    case 'B': {
      const body = value.toUpperCase()
      if (body !== '7BIT' && body !== '8BITMIME') {
        throw new Fatal('-B option needs 8BITMIME or 7BIT', EX_TEMPFAIL)
      }
      wanted.body = body
      return
    }
    case 'C':
      wanted.data = value
      return
  }
  // -A -G -L -O -U -X -c -e -h -m -n -p -x mean nothing here, as to Postfix.
}

function modeOf(value: string): Wanted['mode'] {
  switch (value) {
    case 'm':
      return 'message'
    case 's':
      return 'smtp'
    case 'p':
      return 'list'
    case 'i':
      return 'aliases'
    case 'v':
      return 'verify'
    case 'd':
    case 'l':
      throw new Fatal(`-b${value}: 'postwolke serve' is the daemon`, EX_TEMPFAIL)
    default:
      throw new Fatal(`unsupported: -b${value}`, EX_TEMPFAIL)
  }
}

function readFlush(wanted: Wanted, value: string): void {
  // An interval is for a daemon, which flushes by itself.
  if (/^\d/.test(value)) return
  const [what, name] = [value.charAt(0), value.slice(1)]
  wanted.mode = 'flush'
  if (what === 'I') wanted.flush = ['-i', name]
  else if (what === 'R') wanted.flush = ['-s', name]
  else if (value === 'f') wanted.flush = ['-f']
  else throw new Fatal(`-q${value} is not implemented`, EX_TEMPFAIL)
}

function senderOf(value: string, process: PostfixProcess): string | null {
  const given = value.trim()
  const bare = given.startsWith('<') && given.endsWith('>') ? given.slice(1, -1) : given
  if (bare === '') return ''
  if (isAddress(bare)) return bare
  const [first] = addressesIn(Buffer.from(value).toString('latin1'))
  if (first !== undefined && isAddress(first)) return first
  warn(process, NAME, `-f option specified malformed sender: ${value}`)
  return null
}

/** RFC 3461 §4.1 */
function notifyOf(value: string, process: PostfixProcess): Submission['notify'] | undefined {
  const words = value.toUpperCase().split(',')
  const known = notifyWords.filter((word) => words.includes(word))
  const wrong = words.find((word) => !notifyWords.some((one) => one === word))
  if (wrong === undefined && !(words.includes('NEVER') && known.length > 1)) return known
  if (wrong !== undefined) {
    warn(process, NAME, `unknown DSN NOTIFY command value "${wrong.toLowerCase()}" in "${value}"`)
  }
  warn(process, NAME, 'bad -N option value -- ignored')
  return undefined
}

function returnOf(value: string, process: PostfixProcess): Submission['dsnReturn'] | undefined {
  const word = value.toUpperCase()
  if (word === 'FULL' || word === 'HDRS') return word
  warn(process, NAME, 'bad -R option value -- ignored')
  return undefined
}

async function placeFor(wanted: Wanted, process: PostfixProcess): Promise<Place> {
  const folder = await findMaildrop(process, wanted.data)
  const limits = (await readLimits(folder)) ?? unlimited
  if (!maySubmit(process.user, limits.authorizedSubmitUsers)) {
    throw new Fatal(`User ${who(process)} is not allowed to submit mail`, EX_TEMPFAIL)
  }
  return { folder, limits }
}

async function submit(
  wanted: Wanted,
  words: readonly string[],
  process: PostfixProcess,
): Promise<number> {
  if (!wanted.fromHeader && words.length === 0) {
    throw new Fatal(
      `${who(process)}: Recipient addresses must be specified on the command line or via the -t option`,
      EX_TEMPFAIL,
    )
  }
  const place = await placeFor(wanted, process)
  const input = await readInput(process.stdin, wanted)
  const recipients = recipientsOf(wanted, words, input.header)
  if (recipients.length === 0) {
    throw new Fatal(`${who(process)}: No recipient addresses found in message header`, EX_TEMPFAIL)
  }
  const malformed = recipients.find((address) => !isAddress(address))
  if (malformed !== undefined) {
    throw new Fatal(`${who(process)}: bad address syntax: ${malformed}`, EX_TEMPFAIL)
  }
  const submission: Submission = {
    sender: wanted.sender,
    fullName: hasField(input.header, 'from') ? null : await fullNameOf(wanted, process),
    recipients,
    notify: wanted.isVerbose ? ['SUCCESS', 'FAILURE', 'DELAY'] : wanted.notify,
    dsnReturn: wanted.dsnReturn,
    dsnEnvelopeId: wanted.envelopeId,
    body: wanted.body,
  }
  await leave(place, submission, messageOf(wanted, input), process)
  return 0
}

async function* messageOf(
  { fromHeader }: Wanted,
  { header, body }: SendmailInput,
): AsyncGenerator<Uint8Array> {
  // Here, and not when it is taken: it is sent now, however long nobody takes it.
  const date = hasField(header, 'date') ? '' : `Date: ${formatDate(Date.now())}\n`
  const fields = fromHeader ? withoutFields(header, ['bcc', 'resent-bcc']) : header
  yield Buffer.from(date + fields, 'latin1')
  yield* body
}

/** Each once. Of a message that is sent on, only whom it is sent on to. */
function recipientsOf(
  { fromHeader }: Wanted,
  words: readonly string[],
  header: ByteString,
): readonly string[] {
  const named = words.flatMap((word) => {
    const found = addressesIn(Buffer.from(word).toString('latin1'))
    return found.length > 0 ? found : [word]
  })
  if (!fromHeader) return [...new Set(named)]
  const plain: string[] = []
  const resent: string[] = []
  forEachField(header, (name, value) => {
    const of = name.toLowerCase()
    if (['to', 'cc', 'bcc'].includes(of)) plain.push(...addressesIn(unfold(value)))
    if (['resent-to', 'resent-cc', 'resent-bcc'].includes(of))
      resent.push(...addressesIn(unfold(value)))
  })
  return [...new Set([...named, ...(resent.length > 0 ? resent : plain)])]
}

/** Some 30,000 fit into a submission. */
const RECIPIENTS_MAX = 30_000

function addressesIn(value: ByteString): readonly string[] {
  return parseAddressList(value, RECIPIENTS_MAX).flatMap(({ mailbox, host }) => {
    // A group has a name and no host, and its end neither; of an address without a domain the host is empty.
    if (mailbox === null || host === null) return []
    const text = host === '' ? mailbox : `${mailbox}@${host}`
    return [Buffer.from(text, 'latin1').toString('utf8')]
  })
}

/** Any domain does: what is missing is completed by the server. */
const isAddress = (text: string) => parseAddress(text, parseDomain('localhost')) !== undefined

async function fullNameOf(wanted: Wanted, process: PostfixProcess): Promise<string> {
  if (wanted.fullName !== undefined) return wanted.fullName
  const named = process.environment.NAME
  if (named) return named
  const passwd = await readFile('/etc/passwd', 'utf8').catch(() => '')
  const line = passwd.split('\n').find((one) => one.split(':')[2] === String(process.user.uid))
  const [name = '', , , , gecos = ''] = line?.split(':') ?? []
  // An ampersand stands for the name, with a capital.
  const capital = name.charAt(0).toUpperCase() + name.slice(1)
  return (gecos.split(',')[0] ?? '').replaceAll('&', capital)
}
