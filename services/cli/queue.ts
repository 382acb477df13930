import type { Command } from 'commander'
import type {
  QueueAdministration,
  QueueChanged,
  ReleaseRequest,
} from '#shared/administration/queue.ts'
import type { GroupFacts, QueueFacts } from '#shared/administration/queue-facts.ts'
import type { BadValue } from '#shared/administration/refusals.ts'
import type { Define } from './define.ts'
import { CommandFailure } from './failure.ts'
import { counted, formatBytes, formatTime } from './output.ts'
import { nextTryOf, recipientText, senderOf, shown } from './queue-entry.ts'
import { queueListCommand } from './queue-list.ts'
import { explain, refused } from './refusal-text.ts'

/** `postwolke queue …`: accepted mail that is not delivered yet, what mailq and postsuper do. */
export function queueCommands(parent: Command, define: Define): void {
  const queue = parent.command('queue').description('accepted mail that is not delivered yet')

  queueListCommand(queue, define)

  define(queue.command('show <queue-id>'), {
    about: 'show a message in the queue: envelope, recipients, attempts, reasons',
    async run({ administration, output }, [id]) {
      const found = await administration.queue.show(id)
      if (found.kind !== 'message') throw refused(found)
      output.print(shown(found.message), () => details(found.message))
    },
  })

  for (const verb of verbs) verbCommand(queue, define, verb)

  define(queue.command('flush'), {
    about: 'try all deferred mail again now',
    options: (command) => command.option('--to <next-hop>', 'only mail for this next hop'),
    async run({ administration, output }, _, options: { to?: string }) {
      const { messages } = await administration.queue.flush(options.to)
      output.print({ flushed: messages }, () => [
        `trying ${counted(messages, 'deferred message')} again`,
      ])
    },
  })
}

type Verb = {
  readonly name: string
  readonly about: string
  readonly done: string
  readonly act: (
    queue: QueueAdministration,
    request: ReleaseRequest,
  ) => Promise<QueueChanged | BadValue>
  /** For some recipients of a message. */
  readonly some?: { readonly flag: string; readonly about: string; readonly alias: string }
  /** For a whole class of messages, that nobody wants to name one by one. */
  readonly all?: { readonly flag: '--corrupt'; readonly about: string }
}

const verbs: readonly Verb[] = [
  {
    name: 'hold',
    about: 'keep messages from being delivered until they are released',
    done: 'held',
    act: (queue, request) => queue.hold(request),
  },
  {
    name: 'release',
    about: 'try held, corrupt or deferred messages again now, and follow their aliases anew',
    done: 'released',
    act: (queue, request) => queue.release(request),
    some: {
      flag: '--recipient <address>',
      about: 'only this recipient, or what this address led to; may be repeated',
      alias: 'requeue',
    },
    all: { flag: '--corrupt', about: 'all messages that were set aside as corrupt' },
  },
  {
    name: 'delete',
    about: 'remove messages from the queue; nobody is told',
    done: 'deleted',
    act: (queue, request) => queue.remove(request),
  },
]

function verbCommand(parent: Command, define: Define, verb: Verb): void {
  define(parent.command(`${verb.name} ${verb.all ? '[queue-id...]' : '<queue-id...>'}`), {
    about: verb.about,
    options: (command) => {
      if (verb.all) command.option(verb.all.flag, verb.all.about)
      if (verb.some) {
        command.option(verb.some.flag, verb.some.about, collect).alias(verb.some.alias)
      }
    },
    async run(
      { administration: { queue }, output },
      queueIds,
      { corrupt = false, recipient }: { corrupt?: boolean; recipient?: string[] },
    ) {
      const names = queueIds.filter((text) => text !== '')
      if (names.length === 0 && !corrupt) {
        throw new CommandFailure(`name messages, or say ${verb.all?.flag}`)
      }
      const changed = await verb.act(queue, { queueIds: names, recipients: recipient })
      if (changed.kind !== 'changed') throw refused(changed)
      const all = corrupt ? await Array.fromAsync(queue.releaseCorrupt()) : []
      const done = [...all, ...changed.done]
      output.print({ [verb.done]: done }, () =>
        done.length === 0 && corrupt
          ? ['no message is corrupt']
          : done.map((id) => `${id} ${verb.done}`),
      )
      if (changed.refused.length === 0) return
      throw new CommandFailure(changed.refused.map((refusal) => explain(refusal)).join('\n'))
    },
  })
}

const collect = (value: string, all: readonly string[] = []) => [...all, value]

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
