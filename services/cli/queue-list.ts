// `postwolke queue list`: what mailq does. A terminal gets lines that fit it, everything else one line for each group of recipients,
// that grep and awk can take.

import type { Command } from 'commander'
import type { QueueFacts } from '#shared/administration/queue-facts.ts'
import { queueStates } from '#shared/administration/queue-facts.ts'
import type { FilterRequest } from '#shared/administration/queue-filter.ts'
import type { Define } from './define.ts'
import { clip, columns, counted, formatBytes, formatTime, wrap } from './output.ts'
import { nextTryOf, recipientText, senderOf, shown } from './queue-entry.ts'
import { refused } from './refusal-text.ts'

export function queueListCommand(queue: Command, define: Define): void {
  define(queue.command('list'), {
    about: 'list the queue, oldest first',
    options: filterOptions,
    async run({ administration, output, process }, _, options: FilterRequest) {
      const listed = administration.queue.list(options)
      if (listed.kind !== 'queue') throw refused(listed)
      const messages = await Array.fromAsync(listed.messages)
      output.print(messages.map(shown), () => {
        const looked = listed.looked()
        if (looked === 0) return ['the queue is empty']
        if (messages.length === 0) return [`none of ${counted(looked, 'message')} is like that`]
        const width = process.columns
        const lines = width === undefined ? wide(messages) : narrow(messages, width)
        return [...lines, summary(messages)]
      })
    },
  })
}

function filterOptions(command: Command): void {
  command
    .option('--state <state>', `only ${queueStates.join(', ')}`)
    .option('--sender <address>', "only from this address, or @domain; '<>' for none")
    .option('--recipient <address>', 'only to this address, or @domain')
    .option('--domain <domain>', 'only from or to this domain')
    .option('--older-than <time>', 'only what arrived before that: 30m, 4h, 2d')
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

const wide = (messages: readonly QueueFacts[]) => columns(heading, messages.flatMap(rows))

function rows(message: QueueFacts): string[][] {
  const head = [message.queueId, formatBytes(message.bytes), formatTime(message.arrivedMs)] as const
  const sender = senderOf(message)
  if (message.groups.length === 0) {
    const to = several(message.recipients)
    return [[...head, message.state, '', sender, to, message.reason ?? '']]
  }
  return message.groups.map((group) => {
    const to = group.recipients.map(recipientText)
    const next = nextTryOf(group) ?? ''
    return [...head, group.state, next, sender, several(to), group.lastReply ?? '']
  })
}

/** As mailq: a line for the message, then for each of its groups from whom to whom, until when and why. */
function narrow(messages: readonly QueueFacts[], width: number): string[] {
  const heads = columns(
    ['QUEUE ID', 'STATE', 'SIZE', 'ARRIVED'],
    messages.map((message) => [
      message.queueId,
      message.state,
      formatBytes(message.bytes),
      formatTime(message.arrivedMs),
    ]),
  )
  const [top = '', ...each] = heads.map((line) => clip(line, width))
  return [top, ...messages.flatMap((message, i) => [each[i] ?? '', ...reasons(message, width)])]
}

function reasons(message: QueueFacts, width: number): string[] {
  const way = (to: readonly string[]) => wrap(`${senderOf(message)} -> ${several(to)}`, width, '  ')
  if (message.groups.length === 0) {
    return [
      ...way(message.recipients),
      ...(message.reason === null ? [] : wrap(message.reason, width, '    ')),
    ]
  }
  return message.groups.flatMap((group) => {
    const next = nextTryOf(group)
    const word = next === undefined ? group.state : `${group.state} until ${next}`
    const why = group.lastReply === null ? word : `${word}: ${group.lastReply}`
    return [...way(group.recipients.map(recipientText)), ...wrap(why, width, '    ')]
  })
}

const shownRecipients = 3

function several(addresses: readonly string[]): string {
  const more = addresses.length - shownRecipients
  const first = addresses.slice(0, shownRecipients).join(' ')
  return more > 0 ? `${first} and ${more} more` : first
}

function summary(messages: readonly QueueFacts[]): string {
  const bytes = messages.reduce((sum, message) => sum + message.bytes, 0)
  return `${counted(messages.length, 'message')}, ${formatBytes(bytes)}`
}
