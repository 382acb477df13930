// An SMTP or LMTP session with a host that has said who it is: what it offers, what has been said in it, and how it ends.

import type { Undelivered } from '#shared/contracts/delivery.ts'
import { defer } from '../outcome.ts'
import { classOf, type Reply, textOf } from './reply.ts'
import { ConversationLost, type Wire } from './wire.ts'

export type Protocol = 'smtp' | 'lmtp'

/** Who is on the other side. */
export type Peer = {
  readonly host: string
  /** An IP address, or the path of a socket. */
  readonly address: string
  /** Undefined for the path of a socket. */
  readonly port: number | undefined
}

/** As Postfix writes it in what it tells people; its log has the port besides. */
export const nameOf = ({ host, address }: Peer) => `${host}[${address}]`
export const relayOf = (peer: Peer) =>
  peer.port === undefined ? nameOf(peer) : `${nameOf(peer)}:${peer.port}`

/** EHLO keywords in upper case, and what follows them. */
export type Extensions = ReadonlyMap<string, string>

export type SessionFacts = {
  readonly wire: Wire
  readonly protocol: Protocol
  readonly peer: Peer
  readonly extensions: Extensions
  /** What the host calls itself in its answer to EHLO, in lower case. */
  readonly greetedBy: string
  /** Postfix's word for how sure we are of it; undefined in clear. */
  readonly tls: string | undefined
  /** Set in clear where TLS was offered and did not work. */
  readonly tlsFailure: Undelivered | undefined
  readonly openedMs: number
}

export class Session implements SessionFacts {
  readonly kind = 'session'
  readonly wire: Wire
  readonly protocol: Protocol
  readonly peer: Peer
  readonly extensions: Extensions
  readonly greetedBy: string
  readonly tls: string | undefined
  readonly tlsFailure: Undelivered | undefined
  readonly openedMs: number
  /** Transactions that were begun. */
  uses = 0
  /** No other transaction is to be begun in it. */
  isSpent = false
  /** It is not known what the other side would take the next command for. */
  #isConfused = false

  constructor(facts: SessionFacts) {
    this.wire = facts.wire
    this.protocol = facts.protocol
    this.peer = facts.peer
    this.extensions = facts.extensions
    this.greetedBy = facts.greetedBy
    this.tls = facts.tls
    this.tlsFailure = facts.tlsFailure
    this.openedMs = facts.openedMs
  }

  get name(): string {
    return nameOf(this.peer)
  }

  get pipelines(): boolean {
    return this.extensions.has('PIPELINING')
  }

  /** The next reply. What it says of the session is noted. */
  async reply(timeoutMs: number): Promise<Reply> {
    const reply = await this.wire.reply(timeoutMs)
    this.note(reply)
    if (reply.isGarbled && this.pipelines) {
      // From here on no answer could be told from another.
      this.confuse()
      throw new ConversationLost('garbled')
    }
    return reply
  }

  note(reply: Reply): void {
    if (endsReuse(reply)) this.isSpent = true
    if (classOf(reply) < 2) this.confuse()
  }

  /** A reply was out of place, or the other side is in the middle of a message: nothing more is said. */
  confuse(): void {
    this.isSpent = true
    this.#isConfused = true
  }

  /** Says goodbye where that can be understood, and does not wait for the answer. */
  leave(quitMs: number): void {
    this.isSpent = true
    if (this.#isConfused || this.wire.isLost) {
      this.wire.destroy()
      return
    }
    this.wire.write('QUIT\r\n')
    this.wire.end(quitMs)
  }
}

/** As Postfix: who did not understand a command is not asked again; 421 has ended the session. */
function endsReuse({ code }: Reply): boolean {
  return code === 421 || code === 555 || (code >= 400 && Math.trunc(code / 10) % 10 === 0)
}

/** In Postfix's words: `lost connection with h[a] while sending RCPT TO`. RFC 3463 §3.5, §3.6: a bad connection, a bad protocol. */
export function tellLoss({ loss }: ConversationLost, name: string, doing: string): Undelivered {
  switch (loss) {
    case 'closed':
      return defer('4.4.2', `lost connection with ${name} while ${doing}`)
    case 'timeout':
      return defer('4.4.2', `conversation with ${name} timed out while ${doing}`)
    case 'endless':
      return defer('4.5.0', `a reply without end from ${name} while ${doing}`)
    case 'garbled':
      return defer('4.5.0', `what is no reply from ${name} while ${doing}`)
  }
}

export function readExtensions(reply: Reply, ignored: ReadonlySet<string>): Extensions {
  const extensions = new Map<string, string>()
  for (const line of reply.lines.slice(1)) {
    const [keyword = '', ...rest] = line.slice(4).trim().split(/\s+/)
    const upper = keyword.toUpperCase()
    // Before RFC 4954: `AUTH=LOGIN`.
    const [name = '', old] = upper.startsWith('AUTH=') ? ['AUTH', upper.slice(5)] : [upper]
    if (ignored.has(name)) continue
    const words = old === undefined ? rest : [old, ...rest]
    const before = name === 'AUTH' ? (extensions.get(name) ?? '') : ''
    extensions.set(name, [before, ...words].join(' ').trim())
  }
  return extensions
}

export function readGreetedBy(reply: Reply): string {
  const [first = ''] = textOf(reply)
    .slice(4, 4 + 255)
    .split(/\s/, 1)
  return first.toLowerCase()
}
