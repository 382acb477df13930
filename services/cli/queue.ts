import type { Command } from 'commander'
import type { QueueEntry } from '#shared/queue/operator.ts'
import { queueIdArgument } from './arguments.ts'
import type { Context } from './context.ts'
import type { Define } from './define.ts'
import { CommandFailure } from './failure.ts'
import { columns, formatBytes, formatTime } from './output.ts'

/** `postwolke queue …`: accepted mail that is not delivered yet, what mailq and postsuper do. */
export function queueCommands(parent: Command, define: Define): void {
  const queue = parent.command('queue').description('accepted mail that is not delivered yet')

  define(queue.command('list'), {
    about: 'list the queue, oldest first',
    json: true,
    async run({ core, output }) {
      const entries = await Array.fromAsync(core.operator.list())
      output.print(entries.map(shown), () =>
        entries.length === 0
          ? ['the queue is empty']
          : columns(
              ['QUEUE ID', 'SIZE', 'ARRIVED', 'STATE', 'SENDER', 'RECIPIENTS', 'REASON'],
              entries.flatMap(rows),
            ),
      )
    },
  })

  define(queue.command('show <queue-id>'), {
    about: 'show a message in the queue: envelope, recipients, attempts, reasons',
    json: true,
    async run({ core, output }, [id]) {
      const entry = await core.operator.show(queueIdArgument(id))
      if (entry === undefined) throw notQueued(id)
      output.print(shown(entry), () => details(entry))
    },
  })

  for (const [verb, about, act] of verbs) {
    define(queue.command(`${verb} <queue-id...>`), {
      about,
      async run(context, ids) {
        const done: string[] = []
        for (const id of ids) {
          if (!(await act(context, id))) throw notQueued(id)
          done.push(id)
        }
        context.output.print({ [verb]: done }, () => done.map((id) => `${id}: ${verb}`))
      },
    })
  }

  define(queue.command('flush'), {
    about: 'try all deferred mail again now',
    options: (command) => command.option('--to <next-hop>', 'only mail for this next hop'),
    async run({ core, output }, _, options: { to?: string }) {
      const flushed = await core.operator.flush(options.to)
      output.print({ flushed }, () => [`${flushed} messages are tried again`])
    },
  })
}

const verbs = [
  [
    'hold',
    'keep messages from being delivered',
    ({ core }: Context, id: string) => core.operator.hold(queueIdArgument(id), 'held by operator'),
  ],
  [
    'release',
    'try held, corrupt or deferred messages again now',
    ({ core }: Context, id: string) => core.operator.release(queueIdArgument(id)),
  ],
  [
    'delete',
    'remove messages from the queue; nobody is told',
    ({ core }: Context, id: string) => core.operator.remove(queueIdArgument(id)),
  ],
] as const

const notQueued = (id: string) =>
  new CommandFailure(`${id} is not in the queue, or is being delivered this moment`)

function rows({ message, groups }: QueueEntry): string[][] {
  const head = [
    message.queueId,
    formatBytes(message.object.length),
    formatTime(message.arrivedMs),
  ] as const
  const sender = message.envelope.sender || '<>'
  if (groups.length === 0) {
    const to = message.envelope.recipients.map((recipient) => recipient.address)
    return [[...head, message.state, sender, several(to), message.reason ?? '']]
  }
  return groups.map((group) => {
    const to = group.recipients.map((recipient) => recipient.address)
    return [...head, group.state, sender, several(to), group.lastReply ?? '']
  })
}

const shownRecipients = 3

function several(addresses: readonly string[]): string {
  const more = addresses.length - shownRecipients
  const first = addresses.slice(0, shownRecipients).join(' ')
  return more > 0 ? `${first} and ${more} more` : first
}

function details({ message, groups }: QueueEntry): string[] {
  const { origin, envelope } = message
  return [
    `queue id    ${message.queueId}`,
    `state       ${message.state}${message.reason === null ? '' : `: ${message.reason}`}`,
    `arrived     ${formatTime(message.arrivedMs)} from ${origin.helo} [${origin.remoteAddress}]${origin.account ? ` as ${origin.account.login}` : ''} by ${origin.listener}`,
    `size        ${formatBytes(message.object.length)}`,
    `sender      ${envelope.sender || '<>'}`,
    `recipients  ${envelope.recipients.map((recipient) => recipient.address).join(' ')}`,
    ...groups.flatMap((group) => [
      '',
      `to          ${group.recipients.map((recipient) => recipient.address).join(' ')}`,
      `by          ${group.destination.kind === 'local' ? 'local delivery' : group.destination.nextHop}`,
      `state       ${group.state}, ${group.attempts} attempts${group.dueMs === null ? '' : `, next ${formatTime(group.dueMs)}`}`,
      ...(group.lastReply === null ? [] : [`reason      ${group.lastReply}`]),
    ]),
  ]
}

const shown = ({ message, groups }: QueueEntry) => ({
  queueId: message.queueId,
  state: message.state,
  reason: message.reason,
  bytes: message.object.length,
  arrived: formatTime(message.arrivedMs),
  sender: message.envelope.sender,
  recipients: message.envelope.recipients.map((recipient) => recipient.address),
  groups: groups.map((group) => ({
    name: group.name,
    state: group.state,
    destination: group.destination,
    recipients: group.recipients.map((recipient) => recipient.address),
    attempts: group.attempts,
    lastReply: group.lastReply,
    next: group.dueMs === null ? null : formatTime(group.dueMs),
  })),
})
