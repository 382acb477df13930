// Opens a session with a host: greeting, EHLO or HELO (LHLO), STARTTLS, AUTH. What goes wrong here is said of the host, and mostly worth a
// try with another one or at another time.

import type { Socket } from 'node:net'
import type { Undelivered } from '#shared/contracts/delivery.ts'
import type { Login } from '../hop-policy.ts'
import type { Stage } from '../obstacles.ts'
import { defer, makeTemporary, oneLine, readReply, readWords } from '../outcome.ts'
import type { Timeouts } from '../timeouts.ts'
import type { HostSecurity } from '../tls/host-security.ts'
import type { TlsClient } from '../tls/tls-client.ts'
import { logIn } from './login.ts'
import { classOf, type Reply, textOf } from './reply.ts'
import {
  type Extensions,
  nameOf,
  type Peer,
  type Protocol,
  readExtensions,
  readGreetedBy,
  Session,
  tellLoss,
} from './session.ts'
import { ConversationLost, Wire } from './wire.ts'

/** RFC 8314 §3.3: the port where TLS comes first. */
export const SUBMISSIONS_PORT = 465

export type Refusal = {
  readonly kind: 'refusal'
  readonly failure: Undelivered
  readonly stage: Stage
  /** No other host is asked: it was refused for good. */
  readonly isFinal: boolean
  /** Whether it says something against the destination. */
  readonly throttles: boolean
  /** TLS broke, and a fresh connection may go on in clear. */
  readonly mayBeClear: boolean
}

export type SessionOptions = {
  readonly socket: Socket
  readonly peer: Peer
  readonly protocol: Protocol
  /** What we say in EHLO. */
  readonly heloName: string
  /** EHLO keywords that are not heard, in upper case. */
  readonly ignoredExtensions: ReadonlySet<string>
  readonly security: HostSecurity
  readonly tlsClient: TlsClient
  /** Set in clear where TLS was offered and did not work. */
  readonly tlsFailure: Undelivered | undefined
  /** For a login; only where `security` is `required`. */
  readonly auth: Login | null
  readonly timeouts: Timeouts
  readonly nowMs: number
}

export async function openSession(options: SessionOptions): Promise<Session | Refusal> {
  const opening = new Opening(options)
  const opened = await opening.open()
  if (opened.kind === 'refusal') opening.giveUp()
  return opened
}

type Introduced = { readonly extensions: Extensions; readonly greetedBy: string }

class Opening {
  readonly #options: SessionOptions
  readonly #wire: Wire
  readonly #name: string
  #tls: string | undefined
  #tlsFailure: Undelivered | undefined
  #doing = 'receiving the initial server greeting'
  /** It has said something that is an answer, and would understand QUIT. */
  #isPolite = false

  constructor(options: SessionOptions) {
    this.#options = options
    this.#wire = new Wire(options.socket)
    this.#name = nameOf(options.peer)
    this.#tlsFailure = options.tlsFailure
  }

  async open(): Promise<Session | Refusal> {
    try {
      return await this.#introduce()
    } catch (error) {
      if (!(error instanceof ConversationLost)) throw error
      return { ...refusing(tellLoss(error, this.#name, this.#doing)), stage: 'lost' }
    }
  }

  giveUp(): void {
    if (!this.#isPolite || this.#wire.isLost) {
      this.#wire.destroy()
      return
    }
    this.#wire.write('QUIT\r\n')
    this.#wire.end(this.#options.timeouts.quitMs)
  }

  async #introduce(): Promise<Session | Refusal> {
    const { security, peer, auth } = this.#options
    if (peer.port === SUBMISSIONS_PORT && security.kind !== 'clear') {
      const broken = await this.#shakeHands()
      if (broken !== undefined) return broken
    }
    const refused = await this.#greeting()
    if (refused !== undefined) return refused
    const before = await this.#hello()
    if ('kind' in before) return before
    const introduced = this.#tls === undefined ? await this.#secure(before) : before
    if ('kind' in introduced) return introduced
    const { protocol, nowMs } = this.#options
    const session = new Session({
      wire: this.#wire,
      protocol,
      peer,
      ...introduced,
      tls: this.#tls,
      tlsFailure: this.#tlsFailure,
      openedMs: nowMs,
    })
    return auth === null ? session : await this.#logIn(session, auth)
  }

  async #greeting(): Promise<Refusal | undefined> {
    const greeting = await this.#reply(this.#options.timeouts.heloMs)
    if (classOf(greeting) === 2) return undefined
    const refused = this.#refused(greeting)
    // As Postfix (smtp_skip_5xx_greeting): it may be this host alone, and it may be for now.
    return classOf(greeting) === 5 ? refusing(makeTemporary(refused.failure)) : refused
  }

  /** RFC 5321 §3.2: HELO where EHLO is not understood. */
  async #hello(): Promise<Introduced | Refusal> {
    const { protocol, ignoredExtensions } = this.#options
    const verb = protocol === 'lmtp' ? 'LHLO' : 'EHLO'
    const answer = await this.#helloWith(verb)
    if (classOf(answer) === 2) {
      return {
        extensions: readExtensions(answer, ignoredExtensions),
        greetedBy: readGreetedBy(answer),
      }
    }
    if (verb === 'LHLO' || answer.code === 421) return this.#refused(answer)
    const simple = await this.#helloWith('HELO')
    if (classOf(simple) !== 2) return this.#refused(simple)
    return { extensions: new Map(), greetedBy: readGreetedBy(simple) }
  }

  async #helloWith(verb: string): Promise<Reply> {
    const { heloName, timeouts } = this.#options
    this.#doing = `performing the ${verb} handshake`
    this.#wire.write(`${verb} ${heloName}\r\n`)
    return await this.#reply(timeouts.heloMs)
  }

  async #secure(clear: Introduced): Promise<Introduced | Refusal> {
    const { security, tlsClient, peer, timeouts } = this.#options
    if (security.kind === 'clear') return clear
    const tlsPeer = tlsPeerOf(peer)
    if (!clear.extensions.has('STARTTLS')) {
      const missing = tlsClient.notOffered(security, tlsPeer)
      return missing === undefined ? clear : tlsRefusal(missing)
    }
    this.#doing = 'performing the STARTTLS handshake'
    this.#wire.write('STARTTLS\r\n')
    const answer = await this.#reply(timeouts.starttlsMs)
    if (classOf(answer) !== 2) {
      const refused = tlsClient.refused(security, tlsPeer, textOf(answer))
      if (refused !== undefined) return tlsRefusal(refused)
      this.#tlsFailure = makeTemporary(readReply(textOf(answer), this.#name, 'STARTTLS command'))
      return clear
    }
    const broken = await this.#shakeHands()
    if (broken !== undefined) return broken
    const secured = await this.#hello()
    if ('kind' in secured) return secured
    if (security.terms.requireTls && !secured.extensions.has('REQUIRETLS'))
      return tlsRefusal(tlsClient.withoutRequireTls(tlsPeer))
    return secured
  }

  async #shakeHands(): Promise<Refusal | undefined> {
    const { security, tlsClient, peer, timeouts } = this.#options
    if (security.kind === 'clear') return undefined
    const shaken = await tlsClient.shakeHands(this.#wire.release(), security, tlsPeerOf(peer), {
      timeoutMs: timeouts.starttlsMs,
    })
    if (shaken.kind === 'broken') {
      this.#isPolite = false
      return {
        ...refusing(shaken.failure),
        isFinal: false,
        // Of a host that we ask no TLS of it is nothing against it.
        throttles: security.kind === 'required',
        // Where TLS comes first nobody speaks in clear.
        mayBeClear: shaken.mayBeClear && peer.port !== SUBMISSIONS_PORT,
      }
    }
    this.#wire.putOn(shaken.socket)
    this.#tls = shaken.summary
    return undefined
  }

  async #logIn(session: Session, auth: Login): Promise<Session | Refusal> {
    // Cannot happen: a login makes TLS required.
    if (session.tls === undefined) throw new Error('a login without TLS')
    this.#doing = 'sending the login'
    const refused = await logIn(session, auth, this.#options.timeouts.mailMs)
    if (refused === undefined) return session
    if (refused === 'no mechanism') {
      const words = `SASL authentication failed; host ${this.#name} offers no mechanism that we know`
      return refusing(defer('4.7.0', words))
    }
    if (refused.code < 400) this.#isPolite = false
    const words = `SASL authentication failed; server ${this.#name} said: ${oneLine(textOf(refused))}`
    // As Postfix (smtp_sasl_auth_soft_bounce): it is our mistake, and can be mended.
    return refusing(makeTemporary(readWords(textOf(refused), words)))
  }

  #refused(answer: Reply): Refusal {
    const words = `host ${this.#name} refused to talk to me: ${oneLine(textOf(answer))}`
    return refusing(readWords(textOf(answer), words))
  }

  async #reply(timeoutMs: number): Promise<Reply> {
    const reply = await this.#wire.reply(timeoutMs)
    this.#isPolite = reply.code >= 200 && reply.code !== 421
    return reply
  }
}

function refusing(failure: Undelivered): Refusal {
  return {
    kind: 'refusal',
    failure,
    stage: 'answered',
    isFinal: failure.kind === 'failed',
    throttles: true,
    mayBeClear: false,
  }
}

/** What is missing here another host may have. */
function tlsRefusal(failure: Undelivered): Refusal {
  return { ...refusing(failure), isFinal: false }
}

const tlsPeerOf = ({ host, address, port = 0 }: Peer) => ({ host, address, port })
