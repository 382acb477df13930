// Every figure of a running system: what it counts or measures, in which unit, and by what it is divided. Lines of the log are counted where
// they are written, as every decision is one; the rest is measured once a minute. docs/metrics.md names them all.

import type { LogLine } from '#shared/runtime/tapped-log.ts'

export type FigureFacts = {
  readonly kind: 'count' | 'gauge'
  readonly unit:
    | 'messages'
    | 'recipients'
    | 'logins'
    | 'lines'
    | 'seconds'
    | 'bytes'
    | 'ratio'
    | 'jobs'
  /** What its label says; undefined: it has none. */
  readonly by?: 'reason' | 'destination' | 'service' | 'state' | 'quantile'
  /** Strangers choose the labels: where they would be kept for ever, there is the sum. */
  readonly openLabels?: true
  /** One sentence. */
  readonly about: string
}

export const figures = {
  accepted: { kind: 'count', unit: 'messages', about: 'Messages taken over, answered with 250.' },
  acceptedBytes: {
    kind: 'count',
    unit: 'bytes',
    about: 'Bytes of messages taken over.',
  },
  refused: {
    kind: 'count',
    unit: 'recipients',
    by: 'reason',
    about: 'Recipients, messages and clients refused, by the restriction that did.',
  },
  delivered: {
    kind: 'count',
    unit: 'recipients',
    by: 'destination',
    about:
      'Recipients that have their message: into a folder here (local) or at another host (remote).',
  },
  deferred: {
    kind: 'count',
    unit: 'recipients',
    by: 'destination',
    openLabels: true,
    about: 'Attempts after which a recipient waits, by the domain of the address.',
  },
  failed: {
    kind: 'count',
    unit: 'recipients',
    about: 'Recipients whose message was returned to its sender.',
  },
  read: {
    kind: 'count',
    unit: 'messages',
    by: 'service',
    about: 'Messages that clients fetched from mailboxes, counted when the session ends.',
  },
  changed: {
    kind: 'count',
    unit: 'messages',
    by: 'service',
    about: 'Messages that clients stored or removed, counted when the session ends.',
  },
  logins: { kind: 'count', unit: 'logins', by: 'service', about: 'Logins that succeeded.' },
  loginFailures: { kind: 'count', unit: 'logins', by: 'service', about: 'Logins that failed.' },
  errors: { kind: 'count', unit: 'lines', about: 'Lines of the log of level error.' },
  warnings: { kind: 'count', unit: 'lines', about: 'Lines of the log of level warn.' },
  queueMessages: {
    kind: 'gauge',
    unit: 'messages',
    by: 'state',
    about: 'What is in the queue: incoming messages, groups that wait, held messages and groups.',
  },
  queueAge: {
    kind: 'gauge',
    unit: 'seconds',
    by: 'quantile',
    about:
      'How long what waits in the queue is there: of the middle one (p50), of the oldest twentieth (p95), of the oldest (max).',
  },
  storage: {
    kind: 'gauge',
    unit: 'bytes',
    by: 'state',
    about: 'Of the disk that the data folder is on: used and free.',
  },
  processor: {
    kind: 'gauge',
    unit: 'ratio',
    about: 'Processors that the process keeps busy, in thousandths of one.',
  },
  memory: { kind: 'gauge', unit: 'bytes', about: 'Memory of the process.' },
} as const satisfies { readonly [name: string]: FigureFacts }

export type FigureName = keyof typeof figures

export const figureNames = Object.keys(figures) as readonly FigureName[]

export const factsOfFigure = (name: FigureName): FigureFacts => figures[name]

export type Counted = { readonly name: FigureName; readonly label: string; readonly times: number }

const nothing: readonly Counted[] = []

/** What a line counts as; '' for no label. */
export function countedAs({ level, fields, bound, message }: LogLine): readonly Counted[] {
  // One line may stand for many (repeated-lines.ts).
  const lines = typeof fields.times === 'number' ? fields.times : 1
  const one = (name: FigureName, label: unknown = '', times = lines): readonly Counted[] => [
    { name, label: typeof label === 'string' ? label : '', times },
  ]
  const number = (name: string) => {
    const value = fields[name]
    return typeof value === 'number' ? value : 0
  }
  const some = (name: FigureName, label: unknown, times: number) =>
    times > 0 ? one(name, label, times) : nothing
  switch (message) {
    case 'message accepted':
      return [...one('accepted'), ...some('acceptedBytes', '', number('size'))]
    case 'session ended': {
      const service = fields.service ?? bound.service
      return [
        ...some('read', service, number('fetched') + number('retrieved') + number('topped')),
        ...some('changed', service, number('appended') + number('expunged') + number('deleted')),
      ]
    }
    case 'message rejected':
    case 'recipient rejected':
    case 'data rejected':
    case 'client rejected':
      return one(
        'refused',
        typeof fields.restriction === 'string' ? fields.restriction : 'repeated',
      )
    case 'delivered':
      return one('delivered', fields.relay === 'local' ? 'local' : 'remote')
    case 'discarded':
      return one('delivered', 'local')
    case 'deferred':
      return one('deferred', domainOf(fields.to))
    case 'failed':
    case 'refused':
      return fields.to === undefined ? nothing : one('failed')
    case 'logged in':
      return one('logins', fields.service ?? bound.service)
    case 'login failed':
      return one('loginFailures', fields.service ?? bound.service)
  }
  if (level === 'error') return one('errors')
  if (level === 'warn') return one('warnings')
  return nothing
}

function domainOf(address: unknown): string {
  if (typeof address !== 'string') return ''
  return address.slice(address.lastIndexOf('@') + 1).toLowerCase()
}
