import type { Command } from 'commander'
import type { GroupFacts, QueueFacts } from '#shared/administration/queue-facts.ts'
import { printable } from '#shared/runtime/printable.ts'
import type { Process } from './context.ts'
import type { Define } from './define.ts'
import { counted, formatBytes, formatTime } from './output.ts'
import { nextTryOf, recipientText, senderOf, shown } from './queue-entry.ts'
import { queueListCommand } from './queue-list.ts'
import { summaryCommands } from './queue-summary.ts'
import { queueVerbCommands } from './queue-verbs.ts'
import { refused } from './refusal-text.ts'

/** `postwolke queue …`: accepted mail that is not delivered yet, what mailq and postsuper do. */
export function queueCommands(parent: Command, define: Define): void {
  const queue = parent.command('queue').description('accepted mail that is not delivered yet')

  queueListCommand(queue, define)

  define.quick(queue.command('show <queue-id>'), ['queue'], {
    about: 'show a message in the queue: envelope, recipients, attempts, reasons',
    async run({ administration, output }, [id]) {
      const found = await administration.queue.show(id)
      if (found.kind !== 'message') throw refused(found)
      output.print(shown(found.message), () => details(found.message))
    },
  })

  queueVerbCommands(queue, define)

  catCommand(queue, define)
  summaryCommands(queue, define)
}

type Parts = { readonly envelope?: true; readonly header?: true; readonly body?: true }

function catCommand(queue: Command, define: Define): void {
  define.quick(queue.command('cat <queue-id>'), ['queue'], {
    about: 'print a message as it will be sent: the fields that were added, header and body',
    options: (command) =>
      command
        .option('--envelope', 'its sender and recipients')
        .option('--header', 'its header')
        .option('--body', 'its body'),
    async run({ administration, process }, [id], { envelope, header, body }: Parts) {
      const content = await administration.queue.content(id)
      if (content.kind !== 'content') throw refused(content)
      const { message } = content
      const isWhole = !envelope && !header && !body
      if (envelope) {
        const to = message.groups.flatMap(({ recipients }) => recipients.map(recipientText))
        const recipients = message.groups.length === 0 ? message.recipients : to
        const lines = [
          `sender: ${senderOf(message)}`,
          ...recipients.map((one) => `recipient: ${one}`),
        ]
        process.write(lines.map((line) => `${printable(line)}\n`).join(''))
      }
      if (header || isWhole) await writeMail(content.header(), process)
      if (body || isWhole) await writeMail(content.body(), process)
    },
  })
}

/** Bytes as they are for a file; what controls a terminal, no terminal gets. */
async function writeMail(
  source: AsyncIterable<Uint8Array>,
  { write, writeBytes, isTerminal }: Process,
): Promise<void> {
  const decoder = new TextDecoder()
  const shown = (text: string) => text.split(/\r?\n/).map(printable).join('\n')
  const isText = isTerminal || writeBytes === undefined
  for await (const chunk of source) {
    if (isText) write(shown(decoder.decode(chunk, { stream: true })))
    else await writeBytes(chunk)
  }
  if (isText) write(shown(decoder.decode()))
}

function details(message: QueueFacts): string[] {
  const { origin } = message
  return [
    `queue id    ${message.queueId}`,
    ...(message.isSplit
      ? []
      : [`state       ${message.state}${message.reason === null ? '' : `: ${message.reason}`}`]),
    `arrived     ${formatTime(message.arrivedMs)} from ${origin.helo} [${origin.remoteAddress}]${origin.login === null ? '' : ` as ${origin.login}`} by ${origin.listener}`,
    `size        ${formatBytes(message.bytes)}`,
    `sender      ${senderOf(message)}`,
    `recipients  ${message.recipients.join(' ')}`,
    ...message.groups.flatMap((group) => [
      '',
      `to          ${group.recipients.map(recipientText).join(' ')}`,
      `by          ${group.destination.kind === 'local' ? 'local delivery' : group.destination.nextHop}`,
      `state       ${group.state}, ${counted(group.attempts, 'attempt')}${nextTry(group)}`,
      ...repliesOf(group).map((reply) => `reason      ${reply}`),
    ]),
  ]
}

/** Each once: of those of one attempt mostly one was said of all. */
function repliesOf({ recipients }: GroupFacts): readonly string[] {
  return [...new Set(recipients.flatMap(({ last }) => last?.reply ?? []))]
}

function nextTry(group: GroupFacts): string {
  const next = nextTryOf(group)
  return next === undefined ? '' : `, next ${next}`
}
