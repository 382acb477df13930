// The part of a session with another host that is about TLS, in the three places where it matters: STARTTLS is not offered, it is refused,
// or there is a handshake. Answers what a client does next, in Postfix's codes; tells reports what became of it.
//
// After the 220 to STARTTLS a client hands over the socket with nothing read ahead: bytes behind that reply were not protected, and count
// as nothing that the host said (RFC 3207 §6).

import { createHash } from 'node:crypto'
import type { Socket } from 'node:net'
import {
  type ConnectionOptions,
  createSecureContext,
  type SecureContext,
  type TLSSocket,
  connect as tlsConnect,
} from 'node:tls'
import type { Undelivered } from '#shared/contracts/delivery.ts'
import type { TlsFailureType, TlsReportSink } from '#shared/contracts/tls-report.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { takeOldest } from '#shared/runtime/take-oldest.ts'
import { defer, fail, makeTemporary, oneLine, readReply } from '../outcome.ts'
import type { HostSecurity, Verdict } from './host-security.ts'
import { type Judgement, judgePeer, judgeTested } from './judge-peer.ts'
import type { TlsSessions } from './sessions.ts'
import { tlsOptionsFor } from './tls-options.ts'

export interface TlsClient {
  /** EHLO did not offer STARTTLS. Undefined: go on in clear. */
  notOffered(security: HostSecurity, peer: TlsPeer): Undelivered | undefined
  /** STARTTLS was answered with something else than 220. Undefined: go on in clear, in the same session. */
  refused(security: HostSecurity, peer: TlsPeer, reply: string): Undelivered | undefined
  /** Nobody else reads or writes the socket from here on; where it does not come to a protected session, it is destroyed. */
  shakeHands(
    socket: Socket,
    security: TlsSecurity,
    peer: TlsPeer,
    options: { readonly timeoutMs: number },
  ): Promise<Protected | Broken>
  /** RFC 8689 §4.2.1: the EHLO behind TLS did not offer REQUIRETLS, which `terms.requireTls` asks for. */
  withoutRequireTls(peer: TlsPeer): Undelivered
}

export type TlsSecurity = Exclude<HostSecurity, { readonly kind: 'clear' }>

export type TlsPeer = {
  readonly host: string
  readonly address: string
  readonly port: number
}

export type Protected = {
  readonly kind: 'protected'
  readonly socket: TLSSocket
  readonly verdict: Verdict
  /** `Verified TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)`. */
  readonly summary: string
}

export type Broken = {
  readonly kind: 'broken'
  readonly failure: Undelivered
  /** Whether a fresh connection may go on in clear, without a login. */
  readonly mayBeClear: boolean
}

const CONTEXTS_MAX = 100

export function createTlsClient(deps: {
  readonly sessions: TlsSessions
  readonly reports: TlsReportSink
  readonly clock: Pick<Clock, 'now'>
}): TlsClient {
  const { sessions, reports, clock } = deps
  /** Reading certificates of authorities takes longer than a handshake. */
  const contexts = new Map<string, SecureContext>()

  function contextOf(options: ConnectionOptions): SecureContext {
    const { ca, cert, key, ciphers, minVersion, maxVersion } = options
    const name = JSON.stringify([ca, cert, key, ciphers, minVersion, maxVersion])
    const known = contexts.get(name)
    if (known !== undefined) return known
    const context = createSecureContext(options)
    contexts.set(name, context)
    takeOldest(contexts, CONTEXTS_MAX)
    return context
  }

  function note(
    security: HostSecurity,
    peer: TlsPeer,
    result: 'success' | TlsFailureType,
    about: { readonly localAddress?: string | undefined; readonly reason?: string } = {},
  ): void {
    if (security.kind === 'clear') return
    const { host, address } = peer
    const { localAddress = '', reason = '' } = about
    for (const policy of security.terms.reported) {
      reports.note({ policy, result, host, address, localAddress, reason })
    }
  }

  async function shakeHands(
    socket: Socket,
    security: TlsSecurity,
    peer: TlsPeer,
    { timeoutMs }: { readonly timeoutMs: number },
  ): Promise<Protected | Broken> {
    const key = sessionKey(security, peer)
    const resumed = sessions.recall(key)
    const { localAddress } = socket
    const shaken = await handshake(socket, timeoutMs, {
      ...tlsOptionsFor(security),
      secureContext: contextOf(tlsOptionsFor(security)),
      ...(resumed === undefined ? {} : { session: resumed.bytes }),
    })
    if (shaken.kind === 'failed') {
      sessions.forget(key)
      const reason = `Cannot start TLS with host ${textOf(peer)}: ${shaken.reason}`
      note(security, peer, 'validation-failure', { localAddress, reason: shaken.reason })
      return broken(security, reason)
    }
    const { tls, ticket } = shaken
    const proven = tls.isSessionReused() ? resumed : undefined
    const provenMs = proven?.provenMs ?? clock.now()
    const judged: Judgement = proven
      ? { kind: 'proven', verdict: proven.verdict }
      : judgePeer(tls, security, provenMs)
    if (judged.kind === 'unproven') {
      tls.destroy()
      note(security, peer, judged.type, { localAddress, reason: judged.why })
      return broken(security, tellUnproven(peer, judged))
    }
    const { verdict } = judged
    ticket.onNew((bytes) => sessions.keep(key, { bytes, verdict, provenMs }))
    noteProven(tls, security, peer, localAddress)
    return { kind: 'protected', socket: tls, verdict, summary: `${verdict} ${describe(tls)}` }
  }

  /** What would have been refused were the domain's policy in force is told to it, and nothing else follows. */
  function noteProven(
    tls: TLSSocket,
    security: TlsSecurity,
    peer: TlsPeer,
    localAddress: string | undefined,
  ): void {
    const { tested, reported } = security.terms
    if (reported.length === 0) return
    const test = tested && judgeTested(tls, tested, clock.now())
    if (test?.kind === 'unproven') {
      note(security, peer, test.type, { localAddress, reason: test.why })
    } else note(security, peer, 'success', { localAddress })
  }

  return {
    shakeHands,
    notOffered(security, peer) {
      note(security, peer, 'starttls-not-supported')
      if (security.kind !== 'required') return undefined
      const text = `TLS is required, but was not offered by host ${textOf(peer)}${because(security)}`
      return security.terms.requireTls ? fail('5.7.10', text) : defer('4.7.4', text)
    },
    refused(security, peer, reply) {
      note(security, peer, 'starttls-not-supported', { reason: reply })
      if (security.kind !== 'required') return undefined
      const said = readReply(reply, textOf(peer), 'STARTTLS')
      const text = `TLS is required, but ${said.reply}${because(security)}`
      if (security.terms.requireTls) return fail('5.7.10', text)
      // Deliberately also for a 5xx, which Postfix returns mail for: that the host has no TLS today says nothing of the mail.
      return makeTemporary({ ...said, reply: text })
    },
    withoutRequireTls: (peer) =>
      fail('5.7.30', `REQUIRETLS is required, but was not offered by host ${textOf(peer)}`),
  }
}

export function textOf({ host, address, port }: TlsPeer): string {
  return `${host}[${address}]:${port}`
}

const because = ({ terms }: TlsSecurity) => (terms.policy === '' ? '' : ` (${terms.policy})`)

/** RFC 3463 §3.8: X.7.5 is a cryptographic failure. */
function broken(security: TlsSecurity, reason: string): Broken {
  const text = reason + because(security)
  return {
    kind: 'broken',
    failure: security.terms.requireTls ? fail('5.7.10', text) : defer('4.7.5', text),
    mayBeClear: security.kind === 'opportunistic' && security.mayBeClear,
  }
}

function tellUnproven(
  peer: TlsPeer,
  { why, verdict }: Extract<Judgement, { readonly kind: 'unproven' }>,
): string {
  const word = verdict === 'Trusted' ? 'verified' : 'trusted'
  return `Server certificate not ${word}: host ${textOf(peer)}, ${why}`
}

/** All that was asked of a host: a session of other terms is another one. */
function sessionKey(security: TlsSecurity, { address, port }: TlsPeer): string {
  const { reported: _reported, tested: _tested, policy: _policy, ...terms } = security.terms
  const proof = security.kind === 'required' ? security.proof : null
  const asked = JSON.stringify([address, port, terms, proof])
  return createHash('sha256').update(asked).digest('base64')
}

type Ticket = { onNew(keep: (bytes: Buffer) => void): void }
type Shaken =
  | { readonly kind: 'shaken'; readonly tls: TLSSocket; readonly ticket: Ticket }
  | { readonly kind: 'failed'; readonly reason: string }

function handshake(socket: Socket, timeoutMs: number, options: ConnectionOptions): Promise<Shaken> {
  return new Promise((resolve) => {
    const tls = tlsConnect({ ...options, socket })
    const ticket = keepTicket(tls)
    const timer = setTimeout(() => tls.destroy(new Error('no answer in time')), timeoutMs)
    const fail = (error?: Error) => {
      clearTimeout(timer)
      tls.destroy()
      socket.destroy()
      resolve({ kind: 'failed', reason: tellError(error) })
    }
    tls.on('error', fail)
    const onClose = () => fail()
    tls.once('close', onClose)
    tls.once('secureConnect', () => {
      clearTimeout(timer)
      tls.off('error', fail)
      tls.off('close', onClose)
      // Whoever takes the socket over listens for its own errors; one in between must not end the process.
      tls.on('error', () => undefined)
      resolve({ kind: 'shaken', tls, ticket })
    })
  })
}

/** A ticket of TLS 1.2 comes within the handshake, those of TLS 1.3 some time later: before the host is judged none is kept. */
function keepTicket(tls: TLSSocket): Ticket {
  let last: Buffer | undefined
  let keep: ((bytes: Buffer) => void) | undefined
  tls.on('session', (bytes: Buffer) => {
    last = bytes
    keep?.(bytes)
  })
  return {
    onNew(kept) {
      keep = kept
      if (last !== undefined) kept(last)
    },
  }
}

/** OpenSSL's reason, without its file names. */
function tellError(error: (Error & { readonly reason?: unknown }) | undefined): string {
  if (error === undefined) return 'the connection was lost in the handshake'
  return oneLine(typeof error.reason === 'string' ? error.reason : error.message)
}

function describe(tls: TLSSocket): string {
  const { name } = tls.getCipher()
  return `${tls.getProtocol() ?? 'TLS'} with cipher ${name} ${bitsOf(name)}`.trimEnd()
}

/** As OpenSSL tells them; Node does not. */
function bitsOf(cipher: string): string {
  if (/AES_?256|CHACHA20|CAMELLIA256|ARIA256/.test(cipher)) return '(256/256 bits)'
  if (/AES_?128|CAMELLIA128|ARIA128/.test(cipher)) return '(128/128 bits)'
  return ''
}
