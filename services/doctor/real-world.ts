// What a doctor measures with, on this machine and its network.

import { getServers } from 'node:dns'
import { get } from 'node:https'
import { rootCertificates } from 'node:tls'
import type { ReadRecords } from '#shared/administration/dns/published.ts'
import type { Machine } from '#shared/administration/status.ts'
import { createValidatedResolver } from '#shared/dns/validated-resolver.ts'
import type { QueueOperator } from '#shared/queue/operator.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { clockAheadMs } from './network-time.ts'
import { smtpWords } from './smtp-words.ts'
import type { DoctorWorld } from './world.ts'

const TIMEOUT_MS = 5_000
/** A policy is a few lines (RFC 8461 §3.3 has 64 KB). */
const ANSWER_BYTES_MAX = 64 * 1024
/** Of those that are listed: of very many, the oldest is among the first as likely as not. */
const ENTRIES_LOOKED_AT_MAX = 10_000
/** Signed since long ago. */
const SIGNED_NAME = 'iana.org'

export function openWorld(deps: {
  readonly readRecords: ReadRecords
  readonly askedByStranger: DoctorWorld['askedByStranger']
  /** None: those of the machine. */
  readonly nameServers: readonly string[]
  readonly timeServer: string
  readonly machine: Machine | undefined
  readonly certificate: () => Promise<string | undefined>
  readonly changedSettings: DoctorWorld['changedSettings']
  readonly operator: Pick<QueueOperator, 'count' | 'list'>
  readonly clock: Clock
}): DoctorWorld {
  const { operator, clock, machine, nameServers } = deps
  return {
    readRecords: deps.readRecords,
    changedSettings: deps.changedSettings,
    async isValidating() {
      const servers = nameServers.length > 0 ? nameServers : getServers()
      const resolver = createValidatedResolver({ servers, timeoutMs: TIMEOUT_MS, tries: 1, clock })
      const answer = await resolver.ask(SIGNED_NAME, 'A')
      if (answer.kind === 'failure') throw new Error(answer.reason)
      return answer.isSecure
    },
    clockAheadMs: () =>
      clockAheadMs({ host: deps.timeServer }, { now: () => clock.now(), timeoutMs: TIMEOUT_MS }),
    smtp: (host, port, lines) => smtpWords({ host, port }, lines, TIMEOUT_MS),
    askedByStranger: deps.askedByStranger,
    get: getText,
    certificate: deps.certificate,
    roots: rootCertificates,
    server: async () => await machine?.server(),
    disk: async () => await machine?.disk(),
    async queue() {
      let oldestMs: number | undefined
      let looked = 0
      for await (const { message } of operator.list()) {
        oldestMs = Math.min(oldestMs ?? message.arrivedMs, message.arrivedMs)
        if (++looked === ENTRIES_LOOKED_AT_MAX) break
      }
      return { ...(await operator.count()), oldestMs }
    },
    now: () => clock.now(),
  }
}

async function getText(url: string) {
  const { promise, resolve, reject } =
    Promise.withResolvers<Awaited<ReturnType<DoctorWorld['get']>>>()
  const request = get(url, { timeout: TIMEOUT_MS, agent: false }, (response) => {
    const chunks: Buffer[] = []
    let bytes = 0
    response.on('error', reject)
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes > ANSWER_BYTES_MAX) request.destroy(new Error('too long an answer'))
      else chunks.push(chunk)
    })
    response.on('end', () =>
      resolve({
        status: response.statusCode ?? 0,
        type: response.headers['content-type'] ?? '',
        body: Buffer.concat(chunks).toString(),
      }),
    )
  })
  request.on('error', reject)
  request.on('timeout', () => request.destroy(new Error('no answer in time')))
  return await promise
}
