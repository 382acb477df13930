// The listeners: the port the world knows and the port of the container (the settings' defaults, shared/settings).

import { containerOf } from '#services/aws/environment.ts'
import { variableOf } from '#shared/settings/load.ts'

export const listenerTable = {
  smtp: { port: 25, containerPort: 2525 },
  submission: { port: 587, containerPort: 2587 },
  submissions: { port: 465, containerPort: 2465 },
  imap: { port: 143, containerPort: 1143 },
  imaps: { port: 993, containerPort: 1993 },
  pop3: { port: 110, containerPort: 1110 },
  pop3s: { port: 995, containerPort: 1995 },
  managesieve: { port: 4190, containerPort: 4190 },
} as const

export type ListenerName = keyof typeof listenerTable
export type SeparateService = (typeof containerOf)[ListenerName]

export const listenerNames = Object.keys(listenerTable) as readonly ListenerName[]

/** Target groups that ECS attaches to one service. */
export const LISTENERS_PER_SERVICE_MAX = 5

/** Where containers answer `/readyz`. */
export const HEALTH_PORT = 8080

/** Tells a container which listeners are its own; all are on by default. */
export function listenerVariables(served: readonly ListenerName[]): Record<string, string> {
  const off = listenerNames.filter((name) => !served.includes(name))
  return Object.fromEntries(off.map((name) => [variableOf(`listeners.${name}.enabled`), 'no']))
}

/** What one of the separate services serves. */
export function listenersOf(
  service: SeparateService,
  served: readonly ListenerName[],
): readonly ListenerName[] {
  return served.filter((name) => containerOf[name] === service)
}

/** Unless the file says: as many as fit in one service, those that begin with TLS first. */
export function servedListeners({
  listeners,
  topology,
}: {
  readonly listeners: readonly ListenerName[] | null
  readonly topology: 'combined' | 'separate'
}): readonly ListenerName[] {
  if (listeners !== null) return listeners
  return topology === 'separate'
    ? listenerNames
    : ['smtp', 'submission', 'submissions', 'imaps', 'pop3s']
}
