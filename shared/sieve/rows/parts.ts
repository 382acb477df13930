// RFC 5703: a loop over the parts of a message, their text in variables, and messages made of others.

import { createHash } from 'node:crypto'
import { parseAddressList } from '#shared/mail/address-list.ts'
import { formatDate } from '#shared/mail/date.ts'
import { textField } from '#shared/mail/encoded-text.ts'
import { QuotedPrintableEncoder } from '#shared/mail/quoted-printable.ts'
import { transferDecoder } from '#shared/mail/transfer-decoding.ts'
import {
  type Checker,
  constant,
  defineCommand,
  type Enclosing,
  flag,
  number,
  option,
  string,
  strings,
  unknown,
} from '../definition.ts'
import { type HeaderLine, type HeaderLines, headerLine, headerLines } from '../header-lines.ts'
import { VARIABLE_CHARACTERS_MAX } from '../limits.ts'
import type { SieveMessage } from '../message.ts'
import { charsetOf, decoded } from '../run/body-texts.ts'
import { SieveRunError } from '../run/failure.ts'
import type { Run } from '../run/run.ts'
import { variableName } from '../strings.ts'
import { checkSettable, modified, modifiers } from './variables.ts'

const isLoop = ({ command }: Enclosing) => command === 'foreverypart'

/** RFC 5703 §3: each part and then those within it, the message first; in another loop the parts within its part. */
export const forEveryPart = defineCommand({
  name: 'foreverypart',
  extensions: ['foreverypart'],
  tags: { name: option('name', constant) },
  block: true,
  async execute({ name }, run, { block }) {
    const around = run.parts.current
    const left = around === undefined ? [run.message.structure()] : within(run, around)
    for (let part = left.pop(); part !== undefined; part = left.pop()) {
      run.spend()
      run.parts.enter(part)
      const flow = await block().finally(() => {
        // One that was replaced is looked at no further.
        if (run.parts.current === part) left.push(...within(run, part))
        run.parts.leave()
      })
      if (flow?.kind === 'break' && (flow.name === undefined || flow.name === name)) break
      if (flow !== undefined) return flow
    }
    return undefined
  },
})

/** The next one last. */
const within = (run: Run, part: ReturnType<SieveMessage['structure']>) =>
  run.message.parts(part).toReversed()

/** RFC 5703 §3.1. */
export const breakCommand = defineCommand({
  name: 'break',
  extensions: ['foreverypart'],
  tags: { name: option('name', constant) },
  check({ name }, checker) {
    const loops = checker.within.filter(isLoop)
    if (loops.length === 0) checker.error('break stands in the block of foreverypart')
    else if (name !== undefined && !loops.some((loop) => loop.name === name)) {
      checker.error(`break stands in no foreverypart :name "${String(name)}"`)
    }
  },
  execute: ({ name }) => ({ kind: 'break', name }),
})

/** RFC 5703 §7. Of HTML it is what a reader sees, as with Pigeonhole. */
export const extractText = defineCommand({
  name: 'extracttext',
  extensions: ['extracttext'],
  tags: { ...modifiers, characters: option('first', number) },
  positional: { variable: constant },
  check({ variable }, checker) {
    if (!checker.within.some(isLoop)) {
      checker.error('extracttext stands in the block of foreverypart')
    }
    if (!checker.requires('variables')) checker.error('extracttext needs require "variables"')
    if (variable !== unknown) checkSettable(variable, checker)
  },
  async execute({ variable, characters = VARIABLE_CHARACTERS_MAX, ...how }, run) {
    const text = await extracted(run, characters)
    run.variables.set(variableName(variable), modified(text, how))
    return undefined
  },
})

/** Bytes that a character takes in any encoding, and bytes of HTML in which those that are asked for should stand. */
const BYTES_PER_CHARACTER = 16
const HTML_BYTES_MAX = 256 * 1024

async function extracted(run: Run, asked: number): Promise<string> {
  const part = run.parts.current
  const characters = Math.min(asked, VARIABLE_CHARACTERS_MAX)
  // RFC 5703 §7: what nobody can decode is empty.
  const isText = part?.kind === 'leaf' && part.type === 'text'
  if (!isText || transferDecoder(part.encoding) === undefined) return ''
  const reading = part.subtype === 'html' ? 'shown' : 'content'
  const bytesMax =
    reading === 'shown' ? HTML_BYTES_MAX : Math.max(1_024, characters * BYTES_PER_CHARACTER)
  const { message } = run
  const what = { of: part, reading, bytesMax } as const
  const text = await run.bodyTexts.read(
    run,
    what,
    () => decoded(run, message, part),
    charsetOf(part),
  )
  // RFC 5703 §7: so many characters.
  let first = ''
  let count = 0
  for (const character of text.pieces.join('')) {
    if (count === characters) break
    first += character
    count++
  }
  return first
}

/** What was replaced before is written down anew. */
const REPLACE_STEPS = 64

/** RFC 5703 §5: of the part that a loop is at, or of all of the message. */
export const replace = defineCommand({
  name: 'replace',
  extensions: ['replace'],
  tags: {
    mime: flag('mime'),
    subject: option('subject', string),
    from: option('from', string),
  },
  positional: { replacement: string },
  check({ from }, checker) {
    if (from !== undefined && from !== unknown) checkMailboxes(from, checker)
  },
  async execute({ mime, subject, from, replacement }, run) {
    if (from !== undefined && !isMailboxList(from)) {
      throw new SieveRunError(`"${from}" is no list of addresses`)
    }
    run.spend(REPLACE_STEPS + (replacement.length >> 8))
    const entity = mime ? mimeEntity(replacement) : textEntity(replacement)
    const root = run.message.structure()
    const replaced = run.parts.current ?? root
    const { message, part } = run.message.withPart(replaced, entity)
    if (run.parts.current !== undefined) run.parts.replace(part)
    run.message =
      replaced === root
        ? message.withLines(replacedLines(await run.message.lines(), entity, { subject, from }))
        : message
    return undefined
  },
})

function checkMailboxes(text: string, checker: Checker): void {
  if (!isMailboxList(text)) checker.error(`"${text}" is no list of addresses`)
}

function isMailboxList(text: string): boolean {
  const addresses = parseAddressList(Buffer.from(text, 'utf8').toString('latin1'))
  return addresses.length > 0 && addresses.every(({ mailbox, host }) => mailbox && host)
}

/** As the script has it; line ends are CRLF. */
function mimeEntity(text: string): Buffer {
  return Buffer.from(text.replace(/\r\n|\n/g, '\r\n'), 'utf8')
}

const plainLine = /^[\t\x20-\x7e]{0,998}$/

/** Text in whatever encoding it needs to stand among parts and pass everywhere. */
function textEntity(text: string): Buffer {
  const lines = text.split(/\r\n|\r|\n/)
  const body = Buffer.from(lines.join('\r\n'), 'utf8')
  const head = 'Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: '
  // What looks like a delimiter must not become one.
  if (lines.some((line) => line.startsWith('--'))) {
    const encoded = body.toString('base64').replace(/.{76}/g, '$&\r\n')
    return Buffer.from(`${head}base64\r\n\r\n${encoded}\r\n`)
  }
  if (lines.every((line) => plainLine.test(line))) {
    return Buffer.concat([Buffer.from(`${head}7bit\r\n\r\n`), body])
  }
  const encoder = new QuotedPrintableEncoder()
  const encoded = [Buffer.from(encoder.push(body)), encoder.finish()]
  return Buffer.concat([Buffer.from(`${head}quoted-printable\r\n\r\n`), ...encoded])
}

const isMimeField = ({ name }: HeaderLine) => mimeField.test(name)
const mimeField = /^(?:content-|mime-version$)/i

/** RFC 5703 §5: all fields but those of the structure, which are those of the entity; subject and sender under other names. */
function replacedLines(
  before: HeaderLines,
  entity: Buffer,
  { subject, from }: { subject: string | undefined; from: string | undefined },
): HeaderLines {
  let fields: readonly HeaderLine[] = before.fields.filter((field) => !isMimeField(field))
  if (subject !== undefined) fields = renewed(fields, 'Subject', textField('Subject', subject))
  if (from !== undefined) fields = renewed(fields, 'From', `From: ${fromText(from)}\r\n`)
  const own = headerLines(entity.toString('latin1'), true).fields.filter(
    (field) => isMimeField(field) && field.name.toLowerCase() !== 'mime-version',
  )
  return { fields: [...fields, headerLine('MIME-Version: 1.0\r\n'), ...own], end: endOf(before) }
}

const endOf = ({ end }: HeaderLines) => end || '\r\n'

const fromText = (from: string) =>
  Buffer.from(from.replace(/[\r\n]+[ \t]*/g, ' '), 'utf8').toString('latin1')

/** With the old ones kept as Original-Subject or Original-From. */
function renewed(fields: readonly HeaderLine[], name: string, text: string): readonly HeaderLine[] {
  const key = name.toLowerCase()
  const kept = fields.map((field) =>
    field.name.toLowerCase() === key
      ? headerLine(`Original-${name}${field.text.slice(field.text.indexOf(':'))}`)
      : field,
  )
  return [...kept, headerLine(text)]
}

/** RFC 5703 §6: all of the message becomes an attachment of another one. What `redirect` sends stays as it was. */
export const enclose = defineCommand({
  name: 'enclose',
  extensions: ['enclose'],
  tags: { subject: option('subject', string), headers: option('headers', strings) },
  positional: { text: string },
  async execute({ subject, headers = [], text }, run) {
    run.spend(1 + (text.length >> 8))
    const before = await run.message.lines()
    const boundary = await boundaryFor(run)
    const wanted = new Set(headers.map((name) => name.toLowerCase()))
    const has = (name: string) => copied.some((field) => field.name.toLowerCase() === name)
    const copied = before.fields.filter(
      (field) =>
        field.name !== '' &&
        !isMimeField(field) &&
        (wanted.has(field.name.toLowerCase()) ||
          (subject === undefined && field.name.toLowerCase() === 'subject')) &&
        !(subject !== undefined && field.name.toLowerCase() === 'subject'),
    )
    const { owner, nowMs } = run.context
    const made = [
      ...(has('from') ? [] : [`From: ${fromText(`<${owner.address}>`)}\r\n`]),
      ...(has('date') ? [] : [`Date: ${formatDate(nowMs)}\r\n`]),
      ...(subject === undefined ? [] : [textField('Subject', subject)]),
      'MIME-Version: 1.0\r\n',
      `Content-Type: multipart/mixed;\r\n boundary="${boundary}"\r\n`,
    ]
    const fields = [...copied, ...made.map(headerLine)]
    run.message = run.message.encloseIn({ fields, end: '\r\n' }, boundary, textEntity(text))
    return undefined
  },
})

/** One that the message cannot have in it, and the same one whenever the delivery is repeated. */
async function boundaryFor(run: Run): Promise<string> {
  const hash = createHash('sha256')
  const { message } = run
  for await (const piece of message.changed?.() ?? message.body()) {
    run.spend(1 + (piece.length >> 14))
    hash.update(piece)
    const wait = run.pace()
    if (wait !== undefined) await wait
  }
  for (const { text } of (await message.lines()).fields) hash.update(text, 'latin1')
  return `=_${hash.digest('hex').slice(0, 40)}`
}
