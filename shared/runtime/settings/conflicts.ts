// Values that are allowed one by one but not together.

import type { Problem } from './problems.ts'
import type { Settings } from './table.ts'

export function findConflicts(settings: Settings): Problem[] {
  return [...orderedTimes(settings), ...halfPairs(settings), ...sharedPorts(settings)]
}

function conflict(keys: readonly string[], reason: string): Problem {
  return { kind: 'conflict', keys, reason }
}

function orderedTimes(settings: Settings): Problem[] {
  const pairs = [
    ['minimalBackoffTime', 'maximalBackoffTime'],
    ['authMinimalBackoffTime', 'authMaximalBackoffTime'],
  ] as const
  return pairs
    .filter(([less, more]) => settings[less] > settings[more])
    .map((pair) => conflict(pair, 'the first must not be longer than the second'))
}

function halfPairs({ tls, relayhost, relayhostUser, relayhostPasswordFile }: Settings): Problem[] {
  const problems: Problem[] = []
  if ((tls.certificateFile === '') !== (tls.keyFile === ''))
    problems.push(conflict(['tls.certificateFile', 'tls.keyFile'], 'both or neither'))
  if ((relayhostUser === '') !== (relayhostPasswordFile === ''))
    problems.push(conflict(['relayhostUser', 'relayhostPasswordFile'], 'both or neither'))
  if (relayhostUser !== '' && relayhost === null)
    problems.push(conflict(['relayhost', 'relayhostUser'], 'a login needs a relay host'))
  return problems
}

/** Port 0 is another port for each listener. */
function sharedPorts({ listeners }: Settings): Problem[] {
  const taken = new Map<string, string>()
  const problems: Problem[] = []
  for (const [name, { enabled, address, port }] of Object.entries(listeners)) {
    if (!enabled || port === 0) continue
    const key = `listeners.${name}.port`
    const place = `${address} ${port}`
    const other = taken.get(place)
    if (other !== undefined) problems.push(conflict([other, key], `both are ${port}`))
    taken.set(place, key)
  }
  return problems
}
