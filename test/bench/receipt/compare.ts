// What differs between two servers for one case.

import type { Answers } from './dialogue.ts'

export type Outcome = {
  readonly answers: Answers
  readonly messages: readonly string[]
  /** States of what stayed in the queue. */
  readonly left: readonly string[]
}

/** `at`: step of the dialogue, `arrived`, `queue`, `field NAME`, `order of fields` or `text`. */
export type Difference = { readonly at: string; readonly postfix: string; readonly ours: string }

export function compare(postfix: Outcome, ours: Outcome): readonly Difference[] {
  const answers = compareAnswers(postfix.answers, ours.answers)
  // That nothing arrives of what was refused is no second difference.
  if (answers.length > 0) return answers
  return [
    ...difference('arrived', `${postfix.messages.length}`, `${ours.messages.length}`),
    ...difference('queue', postfix.left.join(), ours.left.join()),
    ...postfix.messages.flatMap((message, i) => {
      const other = ours.messages[i]
      return other === undefined ? [] : compareMessages(message, other)
    }),
  ]
}

function difference(at: string, postfix: string, ours: string): readonly Difference[] {
  return postfix === ours ? [] : [{ at, postfix, ours }]
}

/** Only whether it is taken, not now, or never: 501 and 553 say the same to a client. The exact codes are shown. */
function compareAnswers(postfix: Answers, ours: Answers): readonly Difference[] {
  const steps = [
    ['hello', postfix.hello, ours.hello],
    ['MAIL', postfix.sender, ours.sender],
    ['RCPT', postfix.recipients.join(), ours.recipients.join()],
    ['DATA', postfix.message, ours.message],
  ] as const
  // What follows a refusal only repeats it.
  const first = steps.find(([, theirs, mine]) => classes(theirs) !== classes(mine))
  return first === undefined ? [] : [{ at: first[0], postfix: first[1], ours: first[2] }]
}

const classes = (codes: string) =>
  codes
    .split(',')
    .map((code) => code.slice(0, 1))
    .join()

export type Message = { readonly fields: readonly Field[]; readonly text: string }
export type Field = { readonly name: string; readonly value: string }

/** Fields for one recipient stand first here, before those that all recipients share; Postfix has Return-Path above them. */
const addedFields = new Set(['return-path', 'x-original-to', 'delivered-to'])

function compareMessages(postfix: string, ours: string): readonly Difference[] {
  const [theirs, mine] = [withoutEcho(parse(postfix)), withoutEcho(parse(ours))]
  const names = [...new Set([...theirs.fields, ...mine.fields].map(({ name }) => name))]
  const fields = names.flatMap((name) =>
    difference(`field ${name}`, valuesOf(theirs, name), valuesOf(mine, name)),
  )
  const common = (message: Message, other: Message) =>
    message.fields
      .filter(({ name }) => !addedFields.has(name))
      .filter(({ name }) => other.fields.some((field) => field.name === name))
      .map(({ name }) => name)
      .join()
  return [
    ...fields,
    ...(fields.length > 0
      ? []
      : difference('order of fields', common(theirs, mine), common(mine, theirs))),
    ...difference('text', JSON.stringify(theirs.text), JSON.stringify(mine.text)),
  ]
}

/** X-Original-To where it only repeats Delivered-To: Postfix always writes it, ours where an alias or a catch-all was written to. */
function withoutEcho({ fields, text }: Message): Message {
  const delivered = fields.find(({ name }) => name === 'delivered-to')?.value
  const isEcho = ({ name, value }: Field) =>
    name === 'x-original-to' && value.toLowerCase() === delivered?.toLowerCase()
  return { fields: fields.filter((field) => !isEcho(field)), text }
}

const valuesOf = (message: Message, name: string) =>
  JSON.stringify(message.fields.filter((field) => field.name === name).map(({ value }) => value))

/** Names in small letters; what a server makes anew for each message is replaced by a word. */
function parse(message: string): Message {
  const end = message.indexOf('\r\n\r\n')
  const header = end < 0 ? message : message.slice(0, end + 2)
  const lines = header.replaceAll(/\r\n(?=[ \t])/g, '\n').split('\r\n')
  const fields = lines
    .filter((line) => line !== '')
    .map((line) => {
      const colon = line.indexOf(':')
      return colon < 0
        ? { name: `(no field) ${line.slice(0, 20)}`, value: line }
        : { name: line.slice(0, colon).toLowerCase(), value: line.slice(colon + 1) }
    })
  return { fields: fields.map(normal), text: end < 0 ? '(no empty line)' : message.slice(end + 4) }
}

const year = new Date().getFullYear()

function normal({ name, value }: Field): Field {
  if (name === 'received' && value.includes('by mx.cmp.test'))
    return { name, value: '(of the server)' }
  if (name === 'date' && value.includes(`${year}`)) return { name, value: '(now)' }
  if (name === 'message-id' && value.includes('@mx.cmp.test>'))
    return { name, value: '(made here)' }
  return { name, value }
}
