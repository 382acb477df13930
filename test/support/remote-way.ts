// What a transport to other hosts is made of, for tests: a table in place of DNS, loopback in place of the world, and the usual settings.

import { SessionCache } from '#services/delivery/remote/client/session-cache.ts'
import { type Connect, connectTcp } from '#services/delivery/remote/connect.ts'
import { defaultHopChoice, type HopChoiceOptions } from '#services/delivery/remote/hop-choice.ts'
import {
  createHopPolicies,
  type HopPolicyOptions,
  policyOfFilter,
} from '#services/delivery/remote/hop-policy.ts'
import type { SmtpTransportDeps } from '#services/delivery/remote/smtp-transport.ts'
import type { Timeouts } from '#services/delivery/remote/timeouts.ts'
import type { TlsPolicyOptions } from '#services/delivery/remote/tls/policies.ts'
import { createTlsSessions } from '#services/delivery/remote/tls/sessions.ts'
import { createTlsClient } from '#services/delivery/remote/tls/tls-client.ts'
import { nobodyTold } from '#shared/contracts/tls-report.ts'
import type { Resolver } from '#shared/dns/resolver.ts'
import { createTargets } from '#shared/net/targets.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import { silentLog } from '#shared/runtime/log.ts'
import { hopOf } from './next-hop.ts'
import { securityBy } from './tls-policies.ts'

/** RFC 5321 §4.5.3.2 */
export const patientTimeouts: Timeouts = {
  connectMs: 30_000,
  heloMs: 300_000,
  starttlsMs: 300_000,
  mailMs: 300_000,
  rcptMs: 300_000,
  dataInitMs: 120_000,
  dataXferMs: 180_000,
  dataDoneMs: 600_000,
  rsetMs: 20_000,
  quitMs: 10_000,
}

export type RemoteSettings = Partial<Omit<HopPolicyOptions, 'relayhost'>> &
  Partial<HopChoiceOptions> & {
    readonly relayhost?: string
    readonly tlsSecurityLevel?: TlsPolicyOptions['level']
    readonly tlsCa?: string
    readonly fallbackRelays?: readonly string[]
    readonly ignoredExtensions?: readonly string[]
    /** Default: none is kept. */
    readonly sessions?: SessionCache
  }

/** Our name is mail.here.test, and lots always fall the same. */
export function remoteWay(
  resolver: Resolver,
  connect: Connect,
  settings: RemoteSettings = {},
): SmtpTransportDeps {
  const { relayhost = '', tlsSecurityLevel = 'auto', tlsCa, ...others } = settings
  const { fallbackRelays = [], ignoredExtensions = [], sessions, ...options } = others
  const policies: HopPolicyOptions = {
    relayhost: relayhost === '' ? null : hopOf(relayhost),
    relayhostAuth: null,
    securityOf: securityBy({ level: tlsSecurityLevel, ca: tlsCa }),
    lineLengthLimit: 0,
    disableMimeOutputConversion: false,
    timeouts: patientTimeouts,
    ...options,
  }
  return {
    choice: {
      ...defaultHopChoice,
      ...options,
      resolver,
      ownNames: new Set(['mail.here.test']),
      random: () => 0.5,
    },
    // Whatever addresses the machine has that runs the tests.
    targets: createTargets([], () => new Set()),
    policyOf: createHopPolicies(policies),
    policyOfSocket: policyOfFilter(policies),
    fallbackRelays: fallbackRelays.map(hopOf),
    heloName: 'mail.here.test',
    ignoredExtensions: new Set(ignoredExtensions),
    connect,
    tlsClient: createTlsClient({
      sessions: createTlsSessions(systemClock),
      reports: nobodyTold,
      clock: systemClock,
    }),
    sessions: sessions ?? new SessionCache({ onDemand: true, lifeMs: 0 }, systemClock),
    clock: systemClock,
    log: silentLog,
  }
}

/** Addresses of the world, and what is there: a port on loopback. Nobody else answers. */
export function dialling(
  hosts: { readonly [address: string]: { readonly port: number } },
  dialled: string[] = [],
): Connect {
  return ({ address, port, timeoutMs }) => {
    dialled.push(port === undefined ? address : `${address}:${port}`)
    if (port === undefined) return connectTcp({ address, port, timeoutMs })
    const there = hosts[address]
    if (there === undefined) {
      return Promise.reject(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }))
    }
    return connectTcp({ address: '127.0.0.1', port: there.port, timeoutMs })
  }
}
