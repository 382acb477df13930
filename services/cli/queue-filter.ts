// Which messages of the queue are wanted, and which groups of them.

import type { Command } from 'commander'
import type { Group, QueueEntry } from '#shared/queue/records.ts'
import { duration } from '#shared/runtime/settings/kinds.ts'
import { domainArgument } from './arguments.ts'
import { CommandFailure } from './failure.ts'
import { groupStateOf, type QueueState, queueStates, stateOf } from './queue-entry.ts'

export type FilterOptions = {
  readonly state?: string
  readonly sender?: string
  readonly recipient?: string
  readonly domain?: string
  readonly olderThan?: string
}

export function filterOptions(command: Command): Command {
  return command
    .option('--state <state>', `only ${queueStates.join(', ')}`)
    .option('--sender <address>', "only from this address, or @domain; '<>' for none")
    .option('--recipient <address>', 'only to this address, or @domain')
    .option('--domain <domain>', 'only from or to this domain')
    .option('--older-than <time>', 'only what arrived before that: 30m, 4h, 2d')
}

/** The entry with the groups that are wanted; undefined when it is not. */
export type QueueFilter = (entry: QueueEntry) => QueueEntry | undefined

export function queueFilter(options: FilterOptions, nowMs: number): QueueFilter {
  const state = stateArgument(options.state)
  const isSender = addressMatcher(options.sender)
  const isRecipient = addressMatcher(options.recipient)
  const domain = options.domain === undefined ? undefined : domainArgument(options.domain)
  const isOfDomain = addressMatcher(domain && `@${domain}`)
  const arrivedBeforeMs = nowMs - ageArgument(options.olderThan)

  function isWanted(group: Group): boolean {
    const addresses = group.recipients.flatMap(({ address, original }) => [address, original])
    return (state === undefined || groupStateOf(group) === state) && addresses.some(isRecipient)
  }

  return (entry) => {
    const { message, groups } = entry
    const { sender, recipients } = message.envelope
    if (message.arrivedMs > arrivedBeforeMs || !isSender(sender)) return undefined
    const all = [
      ...recipients.map(({ address }) => address),
      ...groups.flatMap((group) => group.recipients.map(({ address }) => address)),
    ]
    if (![sender, ...all].some(isOfDomain)) return undefined
    if (groups.length > 0) {
      const wanted = groups.filter(isWanted)
      return wanted.length === 0 ? undefined : { message, groups: wanted }
    }
    const isState = state === undefined || stateOf(entry) === state
    return isState && all.some(isRecipient) ? entry : undefined
  }
}

function addressMatcher(pattern: string | undefined): (address: string) => boolean {
  if (pattern === undefined) return () => true
  const wanted = pattern === '<>' ? '' : pattern.toLowerCase()
  return wanted.startsWith('@')
    ? (address) => address.toLowerCase().endsWith(wanted)
    : (address) => address.toLowerCase() === wanted
}

function stateArgument(text: string | undefined): QueueState | undefined {
  if (text === undefined) return undefined
  const state = queueStates.find((known) => known === text)
  if (state !== undefined) return state
  throw new CommandFailure(`--state cannot be '${text}'; allowed: ${queueStates.join(', ')}`)
}

const DAY_MS = 24 * 3_600_000
const age = duration({ min: 0, max: 1_000 * DAY_MS })

function ageArgument(text: string | undefined): number {
  const ms = text === undefined ? 0 : age.parse(text)
  if (ms !== undefined) return ms
  throw new CommandFailure(`--older-than cannot be '${text}'; allowed: ${age.allowed}`)
}
