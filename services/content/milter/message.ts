// A message told to one filter: its header field by field, its body in pieces, its end; then what the filter wants changed.

import type { ContentMessage, StepVerdict } from '#shared/contracts/content.ts'
import { forEachField } from '#shared/mail/header-field.ts'
import type { ByteString } from '#shared/mail/message-index.ts'
import { unreachable } from '#shared/runtime/errors.ts'
import { splitMessage } from '../split-message.ts'
import { type MilterAnswer, milterAnswer } from './answers.ts'
import { ChangeCollector } from './changes.ts'
import type { Conversation } from './conversation.ts'
import type { Macros } from './macros.ts'
import { CHUNK_BYTES_MAX, encodeStrings } from './packet.ts'
import { wishes } from './protocol.ts'
import { ReplacedBody } from './replaced-body.ts'
import { toldField } from './told-field.ts'

const nothing = new Uint8Array(0)

/** Rejects with MilterFailure, and with what reading or keeping bytes rejects with. */
export async function tellMessage(
  conversation: Conversation,
  message: ContentMessage,
  { macros, bodyBytesMax }: { readonly macros: Macros; readonly bodyBytesMax: number },
): Promise<StepVerdict> {
  const { header, body } = await splitMessage(message.open())
  const onTop = fieldsOf(message.onTop)
  try {
    const ended =
      (await tellHeader(conversation, [...onTop, ...fieldsOf(header)], macros)) ??
      (await tellBody(conversation, body))
    if (ended !== undefined) {
      conversation.abort()
      return verdictOf(ended)
    }
  } finally {
    await body.return()
  }
  await conversation.tellMacros('E', 'endOfMessage', macros)
  const names = onTop.map(([name]) => name.toLowerCase())
  return tellEnd(conversation, message, {
    collector: new ChangeCollector(conversation, names),
    bodyBytesMax,
  })
}

type Field = readonly [name: ByteString, text: ByteString]

function fieldsOf(header: ByteString): readonly Field[] {
  const fields: Field[] = []
  forEachField(header, (name, text) => fields.push([name, text]))
  return fields
}

/** What ended it; undefined: it goes on. */
async function tellHeader(
  conversation: Conversation,
  header: readonly Field[],
  macros: Macros,
): Promise<MilterAnswer | undefined> {
  const keepsSpace = conversation.has(wishes.leadingSpace)
  const { noHeaders: unwanted, silentHeader: silent } = wishes
  for (const [field, text] of header) {
    const { name, value } = toldField(field, text, keepsSpace)
    const data = encodeStrings([name, value], 'latin1')
    const answer = await conversation.tell({ command: 'L', data, unwanted, silent })
    if (answer.kind === 'skip') break
    if (answer.kind !== 'continue') return answer
  }
  await conversation.tellMacros('N', 'endOfHeader', macros)
  const answer = await conversation.tell({
    command: 'N',
    data: nothing,
    unwanted: wishes.noEndOfHeader,
    silent: wishes.silentEndOfHeader,
  })
  return answer.kind === 'continue' || answer.kind === 'skip' ? undefined : answer
}

async function tellBody(
  conversation: Conversation,
  body: AsyncIterable<Buffer>,
): Promise<MilterAnswer | undefined> {
  const { noBody: unwanted, silentBody: silent } = wishes
  if (conversation.has(unwanted)) return undefined
  for await (const piece of body) {
    for (let at = 0; at < piece.length; at += CHUNK_BYTES_MAX) {
      const data = piece.subarray(at, at + CHUNK_BYTES_MAX)
      const answer = await conversation.tell({ command: 'B', data, unwanted, silent })
      if (answer.kind === 'skip') return undefined
      if (answer.kind !== 'continue') return answer
    }
  }
  return undefined
}

async function tellEnd(
  conversation: Conversation,
  message: ContentMessage,
  {
    collector,
    bodyBytesMax,
  }: { readonly collector: ChangeCollector; readonly bodyBytesMax: number },
): Promise<StepVerdict> {
  let replaced: ReplacedBody | undefined
  try {
    await conversation.say('E')
    for (;;) {
      const packet = await conversation.read()
      const answer = milterAnswer(packet)
      if (answer === undefined) {
        if (!collector.take(packet)) continue
        replaced ??= new ReplacedBody(message.stash, bodyBytesMax)
        await replaced.push(packet.data)
        continue
      }
      conversation.finishMessage()
      const verdict = verdictOf(answer)
      // Whoever refuses the message changes nothing of it.
      if (verdict.kind !== 'accept') return verdict
      const body = await replaced?.finish()
      replaced = undefined
      return { ...verdict, ...collector.changes, ...(body && { body }) }
    }
  } finally {
    replaced?.abandon()
  }
}

function verdictOf(answer: MilterAnswer): StepVerdict {
  switch (answer.kind) {
    case 'continue':
    case 'skip':
    case 'accept':
      return { kind: 'accept' }
    case 'discard':
      return { kind: 'discard' }
    case 'refuse':
      return { kind: 'reject', reply: answer.reply }
    default:
      return unreachable(answer)
  }
}
