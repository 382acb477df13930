// rspamd: its normal worker is asked over HTTP (/checkv2), and what it answers is obeyed as its own proxy for milters obeys it: the action,
// and the changes of `milter`. https://docs.rspamd.com/developers/protocol/

import type {
  ContentEdit,
  ContentFacts,
  ContentMessage,
  StepVerdict,
} from '#shared/contracts/content.ts'
import { HEADER_EDITS_MAX } from '#shared/mail/header-edits.ts'
import { unfold } from '#shared/mail/header-field.ts'
import { madeTextField } from '#shared/mail/made-field.ts'
import { formatHostAndPort, type ServiceAddress } from '#shared/settings/service-address.ts'
import { type Filter, type FilterAnswer, FilterFailure } from '../filter-step.ts'
import {
  bareAddress,
  isObject,
  type JsonObject,
  numberOf,
  objectOf,
  oneLine,
  parseAnswer,
  textOf,
  textsOf,
} from './answer-data.ts'
import { createHttpPost, type HttpAnswer } from './http-post.ts'

/** With every URL of the message in it. */
const ANSWER_BYTES_MAX = 4 * 1024 * 1024
/** Symbols that are told. */
const SYMBOLS_MAX = 50
/** Header fields that it may add or remove. */
const CHANGES_MAX = HEADER_EDITS_MAX / 5

export type RspamdOptions = {
  readonly address: ServiceAddress
  readonly concurrency: number
  readonly hostname: string
  /** Its actions `add header` and `rewrite subject`. */
  readonly onSpam: 'junk' | 'header'
  readonly onReject: 'reject' | 'quarantine' | 'discard' | 'junk'
  readonly onGreylist: 'ignore' | 'defer'
}

export function createRspamd(options: RspamdOptions): Filter {
  const { address, concurrency } = options
  const isUnix = address.kind === 'unix'
  const host = isUnix ? 'localhost' : formatHostAndPort(address)
  const socketPath = isUnix ? { socketPath: address.path } : {}
  const http = createHttpPost(new URL(`http://${host}/checkv2`), { concurrency, ...socketPath })

  return {
    name: 'rspamd',
    async ask(message, facts, signal) {
      const answer = await http.post({
        headers: headersOf(message, facts, options.hostname),
        body: () => withTop(message),
        answerBytesMax: ANSWER_BYTES_MAX,
        signal,
      })
      return answerOf(answer, options)
    },
  }
}

/** It judges Authentication-Results too. */
async function* withTop(message: ContentMessage): AsyncGenerator<Uint8Array> {
  if (message.onTop !== '') yield Buffer.from(message.onTop, 'latin1')
  yield* message.open()
}

function headersOf({ envelope }: ContentMessage, { queueId, origin }: ContentFacts, mta: string) {
  const { tls, account } = origin
  return {
    'Content-Type': 'message/rfc822',
    'Queue-Id': queueId,
    'MTA-Name': mta,
    IP: origin.remoteAddress,
    Helo: headerText(origin.helo),
    From: headerText(envelope.sender),
    Rcpt: envelope.recipients.map(({ address }) => headerText(address)),
    ...(account && { User: headerText(account.login) }),
    ...(tls && { 'TLS-Version': tls.protocol, 'TLS-Cipher': tls.cipher }),
  }
}

/** A header of HTTP is bytes, one for each character. */
const headerText = (text: string) =>
  Buffer.from(text.replace(/[\x00-\x1f\x7f]/g, ' '), 'utf8').toString('latin1')

function answerOf({ status, body }: HttpAnswer, options: RspamdOptions): FilterAnswer {
  if (status !== 200) throw new FilterFailure(`rspamd answers ${status}: ${oneLine(String(body))}`)
  const answer = parseAnswer(body)
  const action = textOf(answer.action)
  if (action === undefined) throw new FilterFailure('rspamd names no action')
  const found = foundIn(answer, action)
  const milter = objectOf(answer.milter)
  const wanted = { ...changesOf(milter), found }
  const words = textOf(objectOf(answer.messages).smtp_message)
  // Its answer says what is to become of a rejected message, where its configuration does (milter.reject).
  const onReject =
    milter.reject === 'discard' || milter.reject === 'quarantine' ? milter.reject : undefined
  switch (action) {
    case 'no action':
      return { kind: 'accept', ...wanted }
    case 'greylist':
      if (options.onGreylist === 'ignore') return { kind: 'accept', ...wanted }
      return putOff(words, found)
    case 'soft reject':
      return putOff(words, found)
    case 'rewrite subject':
      return asSpam({ ...wanted, edits: [...wanted.edits, ...rewritten(answer.subject)] }, options)
    case 'add header':
      return asSpam(wanted, options)
    case 'reject':
      return rejected(wanted, words, onReject ?? options.onReject)
    case 'discard':
      return { kind: 'discard', found }
    case 'quarantine':
      return { kind: 'accept', ...wanted, hold: found }
    default:
      throw new FilterFailure(`rspamd wants ${oneLine(action)}`)
  }
}

type Wanted = ReturnType<typeof changesOf> & { readonly found: string }

function putOff(words: string | undefined, found: string): StepVerdict {
  const text = oneLine(words ?? 'Try again later')
  return { kind: 'reject', found, reply: { code: 451, status: '4.7.1', text } }
}

/** Marked as rspamd's proxy marks it, and put into Junk. */
function asSpam(wanted: Wanted, { onSpam }: RspamdOptions): StepVerdict {
  const mark = { kind: 'top', field: 'X-Spam: Yes\r\n' } as const
  const edits = [...wanted.edits, mark]
  return { kind: 'accept', ...wanted, edits, ...(onSpam === 'junk' && { junk: wanted.found }) }
}

function rejected(
  wanted: Wanted,
  words: string | undefined,
  what: RspamdOptions['onReject'],
): StepVerdict {
  const { found } = wanted
  switch (what) {
    case 'reject': {
      const text = oneLine(words ?? 'Spam message rejected')
      return { kind: 'reject', found, reply: { code: 554, status: '5.7.1', text } }
    }
    case 'quarantine':
      return { kind: 'accept', ...wanted, hold: found }
    case 'discard':
      return { kind: 'discard', found }
    case 'junk':
      return { kind: 'accept', ...wanted, junk: found }
  }
}

function rewritten(subject: unknown): readonly ContentEdit[] {
  const field = madeTextField('Subject', textOf(subject) ?? '')
  if (textOf(subject) === undefined || field === undefined) return []
  return [{ kind: 'replace', name: 'Subject', occurrence: 1, field }]
}

/** `milter` of the answer: add_headers{n: {value, order} | value | [...]}, remove_headers{n: k}, change_from, add_rcpt, del_rcpt. */
function changesOf(milter: JsonObject) {
  const edits: ContentEdit[] = []
  for (const [name, occurrence] of entriesOf(milter.remove_headers)) {
    edits.push({ kind: 'remove', name, occurrence: Math.trunc(numberOf(occurrence) ?? 0) })
  }
  for (const [name, given] of entriesOf(milter.add_headers)) {
    for (const value of (Array.isArray(given) ? given : [given]).slice(0, CHANGES_MAX)) {
      const edit = addedField(name, value)
      if (edit !== undefined) edits.push(edit)
    }
  }
  const sender = textOf(milter.change_from)
  return {
    edits: edits.slice(0, CHANGES_MAX),
    ...(sender !== undefined && { sender: bareAddress(sender) }),
    addRecipients: textsOf(milter.add_rcpt).map(bareAddress),
    removeRecipients: textsOf(milter.del_rcpt).map(bareAddress),
  }
}

const entriesOf = (value: unknown) => Object.entries(objectOf(value)).slice(0, CHANGES_MAX)

/** `order`: its place in the header; behind the last with a negative one. Without it: on top, where it needs no rewriting. */
function addedField(name: string, given: unknown): ContentEdit | undefined {
  const value = isObject(given) ? given.value : given
  if (typeof value !== 'string' && typeof value !== 'number') return undefined
  const field = madeTextField(name, unfoldedAtEnd(String(value)))
  if (field === undefined) return undefined
  const order = isObject(given) ? numberOf(given.order) : undefined
  if (order === undefined || order === 0) return { kind: 'top', field }
  if (order < 0) return { kind: 'append', field }
  return { kind: 'insert', before: Math.trunc(order), field }
}

const unfoldedAtEnd = (value: string) => (value.includes('\n') ? value.trimEnd() : unfold(value))

/** `add header 7.2/15: SYMBOL(3.1) OTHER(2)`. */
function foundIn(answer: JsonObject, action: string): string {
  const score = numberOf(answer.score) ?? 0
  const required = numberOf(answer.required_score) ?? 0
  const symbols = Object.entries(objectOf(answer.symbols))
    .map(([name, symbol]) => [name, numberOf(objectOf(symbol).score) ?? 0] as const)
    .sort(([, one], [, other]) => Math.abs(other) - Math.abs(one))
    .slice(0, SYMBOLS_MAX)
    .map(([name, points]) => `${name}(${rounded(points)})`)
  return `${action} ${rounded(score)}/${rounded(required)}: ${symbols.join(' ')}`
}

const rounded = (score: number) => Math.round(score * 100) / 100
