import type { Command } from 'commander'
import type { QueueId } from '#shared/mail/queue-id.ts'
import type { QueueOperator } from '#shared/queue/operator.ts'
import type { Group, QueueEntry } from '#shared/queue/records.ts'
import { queueIdArgument, queueIdArguments } from './arguments.ts'
import type { Define } from './define.ts'
import { CommandFailure } from './failure.ts'
import { counted, formatBytes, formatTime } from './output.ts'
import { groupStateOf, nextTryOf, recipientText, senderOf, shown, stateOf } from './queue-entry.ts'
import { queueListCommand } from './queue-list.ts'

/** `postwolke queue …`: accepted mail that is not delivered yet, what mailq and postsuper do. */
export function queueCommands(parent: Command, define: Define): void {
  const queue = parent.command('queue').description('accepted mail that is not delivered yet')

  queueListCommand(queue, define)

  define(queue.command('show <queue-id>'), {
    about: 'show a message in the queue: envelope, recipients, attempts, reasons',
    async run({ core, output }, [id]) {
      const queueId = queueIdArgument(id)
      const entry = await core.operator.show(queueId)
      if (entry === undefined) throw new CommandFailure(notQueued(queueId))
      output.print(shown(entry), () => details(entry))
    },
  })

  for (const verb of verbs) {
    define(queue.command(`${verb.name} ${verb.all ? '[queue-id...]' : '<queue-id...>'}`), {
      about: verb.about,
      options: (command) => {
        if (verb.all) command.option(verb.all.flag, verb.all.about)
        if (verb.some)
          command.option(verb.some.flag, verb.some.about, collect).alias(verb.some.alias)
      },
      async run({ core, output }, ids, options: { corrupt?: boolean; recipient?: string[] }) {
        const queueIds = queueIdArguments(ids)
        const failed: string[] = []
        const done: QueueId[] = []
        if (verb.all && options.corrupt) {
          done.push(...(await Array.fromAsync(verb.all.act(core.operator))))
        } else if (queueIds.length === 0) {
          throw new CommandFailure(`name messages, or say ${verb.all?.flag}`)
        }
        for (const queueId of queueIds) {
          if (await verb.act(core.operator, queueId, options.recipient)) done.push(queueId)
          else failed.push(await whyNot(core.operator, queueId, options.recipient))
        }
        output.print({ [verb.done]: done }, () =>
          done.length === 0 && options.corrupt
            ? ['no message is corrupt']
            : done.map((id) => `${id} ${verb.done}`),
        )
        if (failed.length > 0) throw new CommandFailure(failed.join('\n'))
      },
    })
  }

  define(queue.command('flush'), {
    about: 'try all deferred mail again now',
    options: (command) => command.option('--to <next-hop>', 'only mail for this next hop'),
    async run({ core, output }, _, options: { to?: string }) {
      const flushed = await core.operator.flush(options.to)
      output.print({ flushed }, () => [`trying ${counted(flushed, 'deferred message')} again`])
    },
  })
}

type Verb = {
  readonly name: string
  readonly about: string
  readonly done: string
  readonly act: (
    operator: QueueOperator,
    queueId: QueueId,
    recipients?: readonly string[],
  ) => Promise<boolean>
  /** For some recipients of a message. */
  readonly some?: { readonly flag: string; readonly about: string; readonly alias: string }
  /** For a whole class of messages, that nobody wants to name one by one. */
  readonly all?: {
    readonly flag: '--corrupt'
    readonly about: string
    readonly act: (operator: QueueOperator) => AsyncIterable<QueueId>
  }
}

const verbs: readonly Verb[] = [
  {
    name: 'hold',
    about: 'keep messages from being delivered until they are released',
    done: 'held',
    async act(operator, queueId) {
      await operator.hold(queueId, 'held by operator')
      // Not what was done counts, but what is: a group that a worker has this moment goes on.
      const entry = await operator.show(queueId)
      return entry !== undefined && isHeld(entry)
    },
  },
  {
    name: 'release',
    about: 'try held, corrupt or deferred messages again now, and follow their aliases anew',
    done: 'released',
    act: (operator, queueId, recipients) => operator.release(queueId, recipients),
    some: {
      flag: '--recipient <address>',
      about: 'only this recipient, or what this address led to; may be repeated',
      alias: 'requeue',
    },
    all: {
      flag: '--corrupt',
      about: 'all messages that were set aside as corrupt',
      act: (operator) => operator.releaseCorrupt(),
    },
  },
  {
    name: 'delete',
    about: 'remove messages from the queue; nobody is told',
    done: 'deleted',
    act: (operator, queueId) => operator.remove(queueId),
  },
]

function isHeld({ message, groups }: QueueEntry): boolean {
  return groups.length === 0
    ? message.state === 'held'
    : groups.every((group) => group.state === 'held')
}

async function whyNot(
  operator: QueueOperator,
  queueId: QueueId,
  recipients: readonly string[] = [],
): Promise<string> {
  if ((await operator.show(queueId)) === undefined) return notQueued(queueId)
  return recipients.length === 0
    ? `${queueId} is being delivered this moment; try again`
    : `${queueId} does not wait for ${recipients.join(' or ')}, or is being delivered this moment`
}

const collect = (value: string, all: readonly string[] = []) => [...all, value]

const notQueued = (queueId: string) => `${queueId} is not in the queue (delivered or deleted)`

function details(entry: QueueEntry): string[] {
  const { message, groups } = entry
  const { origin, envelope } = message
  return [
    `queue id    ${message.queueId}`,
    // Once it is split into groups, each of them has a state of its own.
    ...(message.state === 'split'
      ? []
      : [`state       ${stateOf(entry)}${message.reason === null ? '' : `: ${message.reason}`}`]),
    `arrived     ${formatTime(message.arrivedMs)} from ${origin.helo} [${origin.remoteAddress}]${origin.account ? ` as ${origin.account.login}` : ''} by ${origin.listener}`,
    `size        ${formatBytes(message.object.length)}`,
    `sender      ${senderOf(entry)}`,
    `recipients  ${envelope.recipients.map((recipient) => recipient.address).join(' ')}`,
    ...groups.flatMap((group) => [
      '',
      `to          ${group.recipients.map(recipientText).join(' ')}`,
      `by          ${group.destination.kind === 'local' ? 'local delivery' : group.destination.slot}`,
      `state       ${groupStateOf(group)}, ${counted(group.attempts, 'attempt')}${nextTry(group)}`,
      ...repliesOf(group).map((reply) => `reason      ${reply}`),
    ]),
  ]
}

/** Each once: of those of one attempt mostly one was said of all. */
function repliesOf({ recipients }: Group): readonly string[] {
  return [...new Set(recipients.flatMap(({ last }) => last?.reply ?? []))]
}

function nextTry(group: Group): string {
  const next = nextTryOf(group)
  return next === undefined ? '' : `, next ${next}`
}
