// Which messages of the queue a command means: the same options for all of them.

import type { Command } from 'commander'
import type { FilterRequest } from '#shared/administration/queue-filter.ts'
import { queueStates } from '#shared/administration/queue-states.ts'
import { CommandFailure } from './failure.ts'

export type FilterOptions = Omit<FilterRequest, 'olderThan' | 'newerThan'> & {
  readonly [state in (typeof queueStates)[number]]?: boolean
} & {
  readonly olderThan?: string
  readonly older?: string
  readonly newer?: string
}

export function withFilterOptions(command: Command): Command {
  for (const state of queueStates) {
    command.option(`--${state}`, `only what is ${state === 'hold' ? 'on hold' : state}`)
  }
  return command
    .option('--state <state>', `the same: one of ${queueStates.join(', ')}`)
    .option('--sender <address>', "only from this address, or @domain; '<>' for none")
    .option('--recipient <address>', 'only to this address, or @domain', listed)
    .option('--domain <domain>', 'only from or to this domain')
    .option(
      '--destination <destination>',
      "only to this next hop or recipient's domain; local for accounts here",
    )
    .option('--older <time>', 'only what arrived before that: 30m, 4h, 2d')
    .option('--older-than <time>', 'the same')
    .option('--newer <time>', 'only what arrived after that')
    .option('--reason <text>', 'only what was told this, or waits for it')
}

/** Of `release` several may be named. */
const listed = (value: string, before?: string) =>
  before === undefined ? value : `${before},${value}`

export function filterOf(options: FilterOptions): FilterRequest {
  const states = queueStates.filter((state) => options[state] === true)
  const named = [...states, ...(options.state === undefined ? [] : [options.state])]
  if (named.length > 1)
    throw new CommandFailure(`a message is ${named.join(' or ')}; name one`, 'usage')
  const { sender, recipient, domain, destination, reason } = options
  return {
    state: named[0],
    sender,
    recipient,
    domain,
    destination,
    reason,
    olderThan: options.older ?? options.olderThan,
    newerThan: options.newer,
  }
}

export const isEmptyFilter = (filter: FilterRequest) =>
  Object.values(filter).every((value) => value === undefined)
