// `postwolke queue list`: what mailq does. A terminal gets lines that fit it, everything else one line for each group of recipients,
// that grep and awk can take.

import type { Command } from 'commander'
import type { QueueFacts } from '#shared/administration/queue-facts.ts'
import { printable, printableJson } from '#shared/runtime/printable.ts'
import type { Process } from './context.ts'
import type { Define } from './define.ts'
import { CommandFailure } from './failure.ts'
import { clip, columns, counted, formatBytes, formatTime, wrap } from './output.ts'
import { nextTryOf, recipientText, senderOf, shown } from './queue-entry.ts'
import { type FilterOptions, filterOf, withFilterOptions } from './queue-filter-options.ts'
import { refused } from './refusal-text.ts'

/** Printed at a time: columns are as wide as the widest of these. */
const BATCH_MAX = 1_000
const LIMIT = /^[1-9]\d{0,8}$/

type ListOptions = FilterOptions & {
  readonly limit?: string
  readonly after?: string
  readonly json?: boolean
}

export function queueListCommand(queue: Command, define: Define): void {
  define.quick(queue.command('list'), ['queue'], {
    about: 'list the queue, oldest first',
    options: (command) =>
      withFilterOptions(command)
        .option('--limit <count>', 'so many messages, and no more')
        .option('--after <queue-id>', 'only what is younger than this message'),
    async run({ administration, process }, _, options: ListOptions) {
      const limit = limitOf(options.limit)
      const listed = administration.queue.list(filterOf(options), options.after)
      if (listed.kind !== 'queue') throw refused(listed)
      const printer = options.json ? jsonPrinter(process) : textPrinter(process)
      let batch: QueueFacts[] = []
      let last: string | undefined
      for await (const message of listed.messages) {
        if (printer.count + batch.length === limit) break
        batch.push(message)
        last = message.queueId
        if (batch.length < BATCH_MAX) continue
        printer.print(batch)
        batch = []
      }
      if (batch.length > 0) printer.print(batch)
      printer.end(listed.looked(), printer.count === limit ? last : undefined)
    },
  })
}

function limitOf(text: string | undefined): number {
  if (text === undefined) return Number.POSITIVE_INFINITY
  if (!LIMIT.test(text)) throw new CommandFailure(`--limit: '${text}' is no number from 1`, 'usage')
  return Number(text)
}

/** There may be more messages than memory. */
type Printer = {
  readonly count: number
  print(batch: readonly QueueFacts[]): void
  end(looked: number, last: string | undefined): void
}

function jsonPrinter({ write }: Process): Printer {
  let count = 0
  return {
    get count() {
      return count
    },
    print(batch) {
      for (const message of batch) {
        const text = JSON.stringify(shown(message), null, 2).replaceAll('\n', '\n  ')
        write(`${count === 0 ? '[' : ','}\n  ${printableJson(text)}`)
        count++
      }
    },
    end: () => write(count === 0 ? '[]\n' : '\n]\n'),
  }
}

function textPrinter({ write, columns: width }: Process): Printer {
  let count = 0
  let bytes = 0
  const say = (lines: readonly string[]) => {
    write(lines.map((line) => `${printable(line)}\n`).join(''))
  }
  return {
    get count() {
      return count
    },
    print(batch) {
      const lines = width === undefined ? wide(batch) : narrow(batch, width)
      // The heading is wanted once.
      say(count === 0 ? lines : lines.slice(1))
      count += batch.length
      bytes += batch.reduce((sum, message) => sum + message.bytes, 0)
    },
    end(looked, last) {
      if (looked === 0) say(['the queue is empty'])
      else if (count === 0) say([`none of ${counted(looked, 'message')} is like that`])
      else {
        say([`${counted(count, 'message')}, ${formatBytes(bytes)}`])
        if (last !== undefined) say([`there may be more: --after ${last}`])
      }
    },
  }
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
