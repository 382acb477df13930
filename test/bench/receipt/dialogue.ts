// One case said to one server: what it answers at each step.

import { Wire } from '#test/support/wire.ts'
import type { Case } from './cases.ts'

/** Codes as they came: `250`, `250-…` only by its code; `-` when the server hung up. */
export type Answers = {
  readonly hello: string
  readonly sender: string
  readonly recipients: readonly string[]
  /** After the message; empty when no recipient was taken. */
  readonly message: string
  readonly texts: readonly string[]
}

const sources = { outside: '127.0.0.2', mynetworks: '127.0.0.1' } as const

export async function play(port: number, given: Case): Promise<Answers> {
  const wire = await Wire.open(port, false, sources[given.from])
  const texts: string[] = []
  async function reply(): Promise<string> {
    const received = await wire.read((bytes) => /^\d{3}(?: .*)?\r\n$/m.test(bytes.toString()))
    texts.push(received.toString('utf8').trimEnd())
    return received.length === 0 ? '-' : received.toString().slice(0, 3)
  }
  function say(line: string): Promise<string> {
    wire.write(Buffer.from(`${line}\r\n`, 'latin1'))
    return reply()
  }
  try {
    await reply()
    const hello = await say(given.hello)
    const sender = await say(`MAIL FROM:${given.sender}`)
    const recipients: string[] = []
    for (const recipient of given.recipients) recipients.push(await say(`RCPT TO:${recipient}`))
    if (!recipients.some((code) => code.startsWith('2'))) {
      return { hello, sender, recipients, message: '', texts }
    }
    const started = await say('DATA')
    if (started !== '354') return { hello, sender, recipients, message: started, texts }
    wire.write(Buffer.from(`${dotStuffed(given.message)}.\r\n`, 'latin1'))
    const message = await reply()
    return { hello, sender, recipients, message, texts }
  } finally {
    wire.destroy()
  }
}

const dotStuffed = (message: string) =>
  (message.startsWith('.') ? '.' : '') + message.replaceAll('\r\n.', '\r\n..')
