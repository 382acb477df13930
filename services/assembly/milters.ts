// The milters that the settings name, with what they are told of clients.

import type { MilterOptions } from '#services/content/milter/milter.ts'
import { createMilters, type Milters } from '#services/content/milter/milters.ts'
import { milterVersions } from '#services/content/milter/protocol.ts'
import { createClient } from '#services/policy/client.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import type { MilterEntry } from '#shared/settings/milters.ts'
import type { Settings } from '#shared/settings/table.ts'
import { openQuestionResolvers } from './dns.ts'

/** Undefined where there are none: then nothing of mail waits for anything. */
export function openMilters(deps: {
  readonly settings: Settings
  readonly clock: Clock
  readonly log: Log
}): Milters | undefined {
  const { settings, clock, log } = deps
  if (settings.smtpdMilters.length === 0) return undefined
  const openDns = openQuestionResolvers(settings, clock)
  return createMilters({
    milters: settings.smtpdMilters.map((entry) => milterOptions(settings, entry)),
    facts: {
      hostname: settings.hostname,
      daemonName: settings.milterMacroDaemonName,
      version: settings.milterMacroV,
    },
    async nameOf(address) {
      const found = await createClient(address, openDns().resolver).name()
      return found.kind === 'found' ? found.name : undefined
    },
    bodyBytesMax: settings.messageSizeLimit,
    clock,
    log: log.child({ service: 'content' }),
  })
}

function milterOptions(settings: Settings, entry: MilterEntry): MilterOptions {
  const { protocol = settings.milterProtocol } = entry
  const version = milterVersions.find((one) => String(one) === protocol)
  if (version === undefined) throw new Error(`protocol ${protocol}`)
  return {
    name: entry.name,
    address: entry.address,
    version,
    connectTimeoutMs: entry.connectTimeoutMs ?? settings.milterConnectTimeout,
    commandTimeoutMs: entry.commandTimeoutMs ?? settings.milterCommandTimeout,
    contentTimeoutMs: entry.contentTimeoutMs ?? settings.milterContentTimeout,
    defaultAction: entry.defaultAction ?? settings.milterDefaultAction,
    macros: {
      connect: settings.milterConnectMacros,
      helo: settings.milterHeloMacros,
      mail: settings.milterMailMacros,
      recipient: settings.milterRcptMacros,
      data: settings.milterDataMacros,
      endOfHeader: settings.milterEndOfHeaderMacros,
      endOfMessage: settings.milterEndOfDataMacros,
    },
  }
}
