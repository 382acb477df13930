// postcat(1) of a message in the queue. Its records are not Postfix's: the envelope is printed in the same words.

import type { QueueFacts } from '#shared/administration/queue-facts.ts'
import { asBuffer } from '#shared/runtime/bytes.ts'
import { printable } from '#shared/runtime/printable.ts'
import { withQueue } from './context.ts'
import { getopt } from './getopt.ts'
import { clockText } from './queue-text.ts'
import { Fatal, type PostfixCommand, type PostfixProcess } from './world.ts'

const NAME = 'postcat'
const USAGE =
  'usage: postcat [-b (body text)] [-c data_folder] [-d (decimal record type)] [-e (envelope records)] [-h (header text)] [-o (offsets)] [-q (access queue)] [-v] [queue_id...]'

export const postcat: PostfixCommand = async (words, process) => {
  const given = getopt(words, 'bc:dehoqv')
  if (typeof given === 'string') {
    process.say(`${NAME}: ${given}\n`)
    throw new Fatal(USAGE, 1)
  }
  const has = (letter: string) => given.options.some(([one]) => one === letter)
  const data = given.options.find(([letter]) => letter === 'c')?.[1]
  if (!has('q') && given.rest.length > 0) {
    throw new Fatal('messages are in the queue, not in files of their own: say -q and their ids', 1)
  }
  const isAll = !has('e') && !has('h') && !has('b')
  const parts = {
    envelope: isAll || has('e'),
    header: isAll || has('h'),
    body: isAll || has('b'),
    offsets: has('o'),
  }
  for (const id of given.rest) await print(id, parts, { process, data })
  return 0
}

type Parts = {
  readonly envelope: boolean
  readonly header: boolean
  readonly body: boolean
  readonly offsets: boolean
}

async function print(
  id: string,
  parts: Parts,
  { process, data }: { readonly process: PostfixProcess; readonly data: string | undefined },
): Promise<void> {
  await withQueue(process, data, async ({ administration }) => {
    const content = await administration.queue.content(id)
    if (content.kind !== 'content') {
      throw new Fatal(`open queue file ${printable(id)}: No such file or directory`, 1)
    }
    const { message } = content
    const out = new Output(process, parts.offsets)
    const place = `${message.state}/${message.queueId}`
    const mark = (text: string) =>
      parts.envelope ? out.line(`*** ${text} ${place} ***`) : undefined
    await mark('ENVELOPE RECORDS')
    if (parts.envelope) for (const line of envelopeOf(message)) await out.line(printable(line))
    await mark('MESSAGE CONTENTS')
    if (parts.header) await out.text(content.header())
    if (parts.body) await out.text(content.body())
    await mark('HEADER EXTRACTED')
    await mark('MESSAGE FILE END')
  })
}

function envelopeOf(message: QueueFacts): readonly string[] {
  const { bytes, recipients, arrivedMs, groups } = message
  const sizes = [bytes, 0, recipients.length, 0, bytes, 0].map((size) => String(size).padStart(16))
  const left =
    groups.length === 0
      ? recipients.map((address) => ({ address, original: address }))
      : groups.flatMap((group) => group.recipients)
  return [
    `message_size:${sizes.join('').slice(0)}`,
    `message_arrival_time: ${clockText(arrivedMs, true)}`,
    `create_time: ${clockText(arrivedMs, true)}`,
    `named_attribute: rewrite_context=${message.origin.listener === 'local' ? 'local' : 'remote'}`,
    `named_attribute: client_address=${message.origin.remoteAddress}`,
    `named_attribute: helo_name=${message.origin.helo}`,
    ...(message.origin.login === null
      ? []
      : [`named_attribute: sasl_username=${message.origin.login}`]),
    `sender: ${message.sender}`,
    ...left.flatMap(({ address, original }) => [
      `named_attribute: dsn_orig_rcpt=rfc822;${original || address}`,
      `original_recipient: ${original || address}`,
      `recipient: ${address}`,
    ]),
  ]
}

const LF = 0x0a

const shown = (lines: string) => lines.split('\n').map(printable).join('\n')

/** Lines end with LF as in Postfix's queue files; their offsets are those of what is printed. */
class Output {
  readonly #process: PostfixProcess
  readonly #offsets: boolean
  #offset = 0

  constructor(process: PostfixProcess, offsets: boolean) {
    this.#process = process
    this.#offsets = offsets
  }

  line(text: string): Promise<void> {
    return this.#write(Buffer.from(`${text}\n`))
  }

  async text(source: AsyncIterable<Uint8Array>): Promise<void> {
    let rest = Buffer.alloc(0)
    for await (const chunk of source) {
      const bytes = rest.length === 0 ? asBuffer(chunk) : Buffer.concat([rest, chunk])
      const end = bytes.lastIndexOf(LF) + 1
      await this.#lines(bytes.subarray(0, end))
      rest = Buffer.from(bytes.subarray(end))
    }
    if (rest.length > 0) await this.#lines(Buffer.concat([rest, Buffer.from('\n')]))
  }

  async #lines(bytes: Buffer): Promise<void> {
    const lines = bytes.toString('latin1').replaceAll('\r\n', '\n')
    // What others wrote controls no terminal.
    const text = this.#process.isTerminal ? shown(lines) : lines
    if (!this.#offsets) return this.#write(Buffer.from(text, 'latin1'))
    for (const line of text.split(/(?<=\n)/))
      if (line !== '') await this.#write(Buffer.from(line, 'latin1'))
  }

  async #write(bytes: Buffer): Promise<void> {
    const at = this.#offsets ? Buffer.from(`${String(this.#offset).padStart(9)} `) : Buffer.alloc(0)
    this.#offset += bytes.length
    await this.#process.writeBytes(Buffer.concat([at, bytes]))
  }
}
