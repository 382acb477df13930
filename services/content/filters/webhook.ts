// The webhook: a program of the administrator's own is told of a message as JSON over HTTP and says what becomes of it. docs/webhook.md is
// the contract; this is the other side of it.

import { createHmac } from 'node:crypto'
import type {
  ContentEdit,
  ContentFacts,
  ContentMessage,
  StepVerdict,
} from '#shared/contracts/content.ts'
import type { SmtpReply } from '#shared/contracts/policy.ts'
import { HEADER_EDITS_MAX } from '#shared/mail/header-edits.ts'
import { madeTextField } from '#shared/mail/made-field.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { type Filter, FilterFailure } from '../filter-step.ts'
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
import { createHttpPost } from './http-post.ts'

export const WEBHOOK_VERSION = 1
const ANSWER_BYTES_MAX = 256 * 1024
const CHANGES_MAX = HEADER_EDITS_MAX / 5

export type WebhookOptions = {
  readonly url: URL
  readonly concurrency: number
  /** Signs each request; undefined: none is signed. */
  readonly secret: string | undefined
  /** Bytes of the message that are sent along, from its beginning; 0 for none. */
  readonly contentLimit: number
}

export function createWebhook(options: WebhookOptions, deps: { readonly clock: Clock }): Filter {
  const { secret } = options
  const http = createHttpPost(options.url, options)

  return {
    name: 'webhook',
    async ask(message, facts, signal) {
      const body = Buffer.from(
        JSON.stringify(await requestOf(message, facts, options.contentLimit)),
      )
      const at = String(Math.floor(deps.clock.now() / 1000))
      const answer = await http.post({
        headers: {
          'Content-Type': 'application/json',
          'Content-Length': body.length,
          'Postwolke-Timestamp': at,
          ...(secret !== undefined && { 'Postwolke-Signature': signature(secret, at, body) }),
        },
        body: () => body,
        answerBytesMax: ANSWER_BYTES_MAX,
        signal,
      })
      if (answer.status === 204) return { kind: 'accept', found: 'accept' }
      if (answer.status !== 200) throw new FilterFailure(`the webhook answers ${answer.status}`)
      return verdictOf(parseAnswer(answer.body))
    },
  }
}

/** HMAC-SHA256 over the time, a dot and the body, so that a request cannot be sent again later. */
export function signature(secret: string, timestamp: string, body: Uint8Array): string {
  const hmac = createHmac('sha256', secret).update(`${timestamp}.`).update(body)
  return `sha256=${hmac.digest('hex')}`
}

async function requestOf(message: ContentMessage, facts: ContentFacts, contentLimit: number) {
  const { origin, queueId } = facts
  const { envelope, spooled } = message
  const { index } = spooled
  return {
    version: WEBHOOK_VERSION,
    queueId,
    listener: origin.listener,
    client: {
      address: origin.remoteAddress,
      port: origin.remotePort,
      helo: origin.helo,
      tls: origin.tls && { protocol: origin.tls.protocol, cipher: origin.tls.cipher },
      login: origin.account?.login ?? null,
    },
    envelope: {
      sender: envelope.sender,
      recipients: envelope.recipients.map(({ address }) => address),
    },
    message: {
      bytes: index.bytes,
      sha256: index.sha256,
      added: utf8Of(message.onTop),
      header: utf8Of(message.header),
      ...(contentLimit > 0 && (await beginningOf(message, contentLimit))),
    },
  }
}

/** What is no UTF-8 in it becomes U+FFFD; who needs the bytes asks for them. */
const utf8Of = (text: string) => Buffer.from(text, 'latin1').toString('utf8')

async function beginningOf(message: ContentMessage, bytesMax: number) {
  const chunks: Uint8Array[] = []
  let bytes = 0
  let isWhole = true
  for await (const chunk of message.open()) {
    const wanted = chunk.subarray(0, bytesMax - bytes)
    chunks.push(wanted)
    bytes += wanted.length
    isWhole = wanted.length === chunk.length
    if (!isWhole) break
  }
  return { content: Buffer.concat(chunks).toString('base64'), isWhole }
}

function verdictOf(answer: JsonObject): StepVerdict {
  const verdict = textOf(answer.verdict)
  const reason = oneLine(textOf(answer.reason) ?? verdict ?? '')
  const wanted = { ...changesOf(answer), found: reason }
  switch (verdict) {
    case 'accept':
      return { kind: 'accept', ...wanted }
    case 'junk':
      return { kind: 'accept', ...wanted, junk: reason }
    case 'hold':
      return { kind: 'accept', ...wanted, hold: reason }
    case 'reject':
      return { kind: 'reject', found: reason, reply: replyOf(answer.reply, 5) }
    case 'defer':
      return { kind: 'reject', found: reason, reply: replyOf(answer.reply, 4) }
    case 'discard':
      return { kind: 'discard', found: reason }
    case 'redirect': {
      const redirect = textOf(answer.redirectTo)
      if (redirect === undefined) throw new FilterFailure('redirect without redirectTo')
      return { kind: 'accept', ...wanted, redirect: bareAddress(redirect) }
    }
    default:
      throw new FilterFailure(`the webhook says ${oneLine(JSON.stringify(answer.verdict ?? null))}`)
  }
}

/** RFC 3463 §2. */
const STATUS = /^([45])(\.\d{1,3}\.\d{1,3})$/

/** What does not fit the verdict is replaced. */
function replyOf(wanted: unknown, first: 4 | 5): SmtpReply {
  const { code, status, text } = objectOf(wanted)
  const codeGiven = numberOf(code) ?? 0
  const given = STATUS.exec(textOf(status) ?? '')
  const rest = given?.[1] === String(first) ? given[2] : '.7.1'
  const fallback = first === 5 ? 'Message refused' : 'Try again later'
  return {
    code: isReplyCode(codeGiven, first) ? codeGiven : first * 100 + (first === 5 ? 50 : 51),
    status: `${first}${rest}` as SmtpReply['status'],
    text: oneLine(textOf(text) ?? fallback),
  }
}

/** RFC 5321 §4.2: the second digit is 0 to 5. 421 would say that we close the connection. */
const isReplyCode = (code: number, first: number) =>
  Number.isInteger(code) && code >= first * 100 && code < first * 100 + 60 && code !== 421

function changesOf(answer: JsonObject) {
  const edits: ContentEdit[] = []
  const { add, remove, replace } = objectOf(answer.headers)
  for (const { name, occurrence } of objectsOf(remove)) {
    const which = Math.trunc(numberOf(occurrence) ?? 0)
    edits.push({ kind: 'remove', name: textOf(name) ?? '', occurrence: which })
  }
  for (const { name, value, occurrence } of objectsOf(replace)) {
    const field = madeTextField(textOf(name) ?? '', textOf(value) ?? '')
    const which = Math.max(1, Math.trunc(numberOf(occurrence) ?? 1))
    if (field === undefined) throw new FilterFailure('a header field that is none')
    edits.push({ kind: 'replace', name: textOf(name) ?? '', occurrence: which, field })
  }
  for (const { name, value } of objectsOf(add)) {
    const field = madeTextField(textOf(name) ?? '', textOf(value) ?? '')
    if (field === undefined) throw new FilterFailure('a header field that is none')
    edits.push({ kind: 'top', field })
  }
  const sender = textOf(answer.sender)
  return {
    edits,
    ...(sender !== undefined && { sender: bareAddress(sender) }),
    addRecipients: textsOf(answer.addRecipients).map(bareAddress),
    removeRecipients: textsOf(answer.removeRecipients).map(bareAddress),
  }
}

function objectsOf(value: unknown): readonly JsonObject[] {
  return (Array.isArray(value) ? value : []).filter(isObject).slice(0, CHANGES_MAX)
}
