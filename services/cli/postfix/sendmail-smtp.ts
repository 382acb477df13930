// `sendmail -bs`: SMTP on standard input and output, for programs that know nothing else. It only fills the maildrop, so it works while the
// server is down, and takes any recipient: what is wrong with one his sender is told by mail.

import { parseAddress } from '#shared/mail/address.ts'
import { parseDomain } from '#shared/mail/domain.ts'
import { leave, type Place } from './maildrop-place.ts'
import { Fatal, type PostfixProcess } from './world.ts'

const LF = 0x0a
/** RFC 5321 §4.5.3.1.4, and room for extensions. */
const COMMAND_BYTES_MAX = 4_096
const RECIPIENTS_MAX = 10_000

type Transaction = { readonly sender: string; readonly recipients: string[] }

export async function speakSmtp(process: PostfixProcess, place: Place): Promise<number> {
  const input = new Lines(process.stdin)
  const reply = (text: string) => process.write(`${text}\r\n`)
  let transaction: Transaction | undefined
  reply('220 localhost ESMTP Postwolke')
  for (;;) {
    const line = await input.line()
    if (line === undefined) return 0
    if (line.length > COMMAND_BYTES_MAX) {
      reply('500 5.5.2 Error: line too long')
      continue
    }
    const text = line.toString('utf8').trim()
    const [verb = ''] = text.toUpperCase().split(/[\s:]/)
    switch (verb) {
      case 'HELO':
        transaction = undefined
        reply('250 localhost')
        continue
      case 'EHLO':
        transaction = undefined
        reply(
          '250-localhost\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 ENHANCEDSTATUSCODES',
        )
        continue
      case 'MAIL': {
        const sender = pathIn(text, 'FROM')
        if (transaction !== undefined) reply('503 5.5.1 Error: nested MAIL command')
        else if (sender === undefined) reply('501 5.5.4 Syntax: MAIL FROM:<address>')
        else {
          transaction = { sender, recipients: [] }
          reply('250 2.1.0 Ok')
        }
        continue
      }
      case 'RCPT': {
        const recipient = pathIn(text, 'TO')
        if (transaction === undefined) reply('503 5.5.1 Error: need MAIL command')
        else if (!recipient) reply('501 5.5.4 Syntax: RCPT TO:<address>')
        else if (transaction.recipients.length === RECIPIENTS_MAX)
          reply('452 4.5.3 Error: too many recipients')
        else {
          transaction.recipients.push(recipient)
          reply('250 2.1.5 Ok')
        }
        continue
      }
      case 'DATA':
        if (transaction === undefined || transaction.recipients.length === 0) {
          reply('503 5.5.1 Error: need RCPT command')
          continue
        }
        reply('354 End data with <CR><LF>.<CR><LF>')
        reply(await take(transaction, input, { process, place }))
        transaction = undefined
        continue
      case 'RSET':
        transaction = undefined
        reply('250 2.0.0 Ok')
        continue
      case 'NOOP':
        reply('250 2.0.0 Ok')
        continue
      case 'VRFY':
        reply('252 2.0.0 Cannot VRFY user')
        continue
      case 'QUIT':
        reply('221 2.0.0 Bye')
        return 0
      default:
        reply('502 5.5.2 Error: command not recognized')
    }
  }
}

async function take(
  transaction: Transaction,
  input: Lines,
  { process, place }: { readonly process: PostfixProcess; readonly place: Place },
): Promise<string> {
  const message = input.message()
  try {
    const { sender, recipients } = transaction
    const submission = {
      sender,
      fullName: null,
      recipients,
      notify: [],
      dsnReturn: null,
      dsnEnvelopeId: null,
      body: '8BITMIME',
    } as const
    await leave(place, submission, message, process)
    return '250 2.0.0 Ok: queued'
  } catch (error) {
    if (!(error instanceof Fatal)) throw error
    // The rest of it is no command.
    for await (const _ of message);
    return `451 4.3.0 Error: ${error.message}`
  }
}

/** Undefined where none stands there; '' for the null sender. */
function pathIn(text: string, word: 'FROM' | 'TO'): string | undefined {
  const [, path] = paths[word].exec(text) ?? []
  if (path === undefined || path === '') return path
  return parseAddress(path, parseDomain('localhost')) === undefined ? undefined : path
}

const paths = { FROM: /^MAIL FROM: ?<([^>]*)>/i, TO: /^RCPT TO: ?<([^>]*)>/i } as const

class Lines {
  readonly #source: AsyncIterator<Uint8Array>
  #rest = Buffer.alloc(0)

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  /** With its end; undefined at the end of all. */
  async line(): Promise<Buffer | undefined> {
    for (let from = 0; ; ) {
      const at = this.#rest.indexOf(LF, from)
      if (at !== -1 || this.#rest.length > LINE_BYTES_MAX) {
        const end = at === -1 ? this.#rest.length : at + 1
        const line = this.#rest.subarray(0, end)
        this.#rest = this.#rest.subarray(end)
        return line
      }
      from = this.#rest.length
      const next = await this.#source.next()
      if (next.done) return undefined
      this.#rest = Buffer.concat([this.#rest, next.value])
    }
  }

  /** To the dot, without those that were added (RFC 5321 §4.5.2). Throws where the input ends before. */
  async *message(): AsyncGenerator<Buffer> {
    let isLineStart = true
    for (;;) {
      const line = await this.line()
      if (line === undefined) throw new Fatal('the input ended within a message', 75)
      if (isLineStart && (line.equals(END) || line.equals(END_LF))) return
      const isStuffed = isLineStart && line[0] === DOT
      isLineStart = line.at(-1) === LF
      yield isStuffed ? line.subarray(1) : line
    }
  }
}

const DOT = 0x2e
const END = Buffer.from('.\r\n')
const END_LF = Buffer.from('.\n')
const LINE_BYTES_MAX = 64 * 1024
