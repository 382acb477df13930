// `postwolke queue list`: what mailq does. A terminal gets lines that fit it, everything else one line for each group of recipients,
// that grep and awk can take.

import type { Command } from 'commander'
import { lastReplyOf, type QueueEntry } from '#shared/queue/records.ts'
import type { Define } from './define.ts'
import { clipped, columns, counted, formatBytes, formatTime, wrapped } from './output.ts'
import { groupStateOf, nextTryOf, recipientText, senderOf, shown, stateOf } from './queue-entry.ts'
import { type FilterOptions, filterOptions, queueFilter } from './queue-filter.ts'

export function queueListCommand(queue: Command, define: Define): void {
  define(queue.command('list'), {
    about: 'list the queue, oldest first',
    options: filterOptions,
    async run({ core, output, process }, _, options: FilterOptions) {
      const filter = queueFilter(options, core.clock.now())
      const entries: QueueEntry[] = []
      let count = 0
      for await (const entry of core.operator.list()) {
        count++
        const wanted = filter(entry)
        if (wanted !== undefined) entries.push(wanted)
      }
      output.print(entries.map(shown), () => {
        if (count === 0) return ['the queue is empty']
        if (entries.length === 0) return [`none of ${counted(count, 'message')} is like that`]
        const width = process.columns
        const lines = width === undefined ? wide(entries) : narrow(entries, width)
        return [...lines, summary(entries)]
      })
    },
  })
}

const heading = [
  'QUEUE ID',
  'SIZE',
  'ARRIVED',
  'STATE',
  'NEXT TRY',
  'SENDER',
  'RECIPIENTS',
  'REASON',
]

const wide = (entries: readonly QueueEntry[]) => columns(heading, entries.flatMap(rows))

function rows(entry: QueueEntry): string[][] {
  const { message, groups } = entry
  const head = [
    message.queueId,
    formatBytes(message.object.length),
    formatTime(message.arrivedMs),
  ] as const
  const sender = senderOf(entry)
  if (groups.length === 0) {
    const to = message.envelope.recipients.map((recipient) => recipient.address)
    return [[...head, stateOf(entry), '', sender, several(to), message.reason ?? '']]
  }
  return groups.map((group) => {
    const to = group.recipients.map(recipientText)
    const next = nextTryOf(group) ?? ''
    return [...head, groupStateOf(group), next, sender, several(to), lastReplyOf(group) ?? '']
  })
}

/** As mailq: a line for the message, then for each of its groups from whom to whom, until when and why. */
function narrow(entries: readonly QueueEntry[], width: number): string[] {
  const heads = columns(
    ['QUEUE ID', 'STATE', 'SIZE', 'ARRIVED'],
    entries.map((entry) => [
      entry.message.queueId,
      stateOf(entry),
      formatBytes(entry.message.object.length),
      formatTime(entry.message.arrivedMs),
    ]),
  )
  const [top = '', ...each] = heads.map((line) => clipped(line, width))
  return [top, ...entries.flatMap((entry, i) => [each[i] ?? '', ...reasons(entry, width)])]
}

function reasons(entry: QueueEntry, width: number): string[] {
  const { message, groups } = entry
  const way = (to: readonly string[]) =>
    wrapped(`${senderOf(entry)} -> ${several(to)}`, width, '  ')
  if (groups.length === 0) {
    return [
      ...way(message.envelope.recipients.map((recipient) => recipient.address)),
      ...(message.reason === null ? [] : wrapped(message.reason, width, '    ')),
    ]
  }
  return groups.flatMap((group) => {
    const next = nextTryOf(group)
    const state = groupStateOf(group)
    const word = next === undefined ? state : `${state} until ${next}`
    const reply = lastReplyOf(group)
    const why = reply === null ? word : `${word}: ${reply}`
    return [...way(group.recipients.map(recipientText)), ...wrapped(why, width, '    ')]
  })
}

const shownRecipients = 3

function several(addresses: readonly string[]): string {
  const more = addresses.length - shownRecipients
  const first = addresses.slice(0, shownRecipients).join(' ')
  return more > 0 ? `${first} and ${more} more` : first
}

function summary(entries: readonly QueueEntry[]): string {
  const bytes = entries.reduce((sum, { message }) => sum + message.object.length, 0)
  return `${counted(entries.length, 'message')}, ${formatBytes(bytes)}`
}
