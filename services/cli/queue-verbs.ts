// `postwolke queue hold|release|expire|delete|flush`: on messages by their ids, or on all that are like something. How many these are is
// said before anything is done to them, and a person is asked; a script said what it wants.

import type { Command } from 'commander'
import type {
  QueueAdministration,
  QueueChanged,
  QueueVerb,
  ReleaseRequest,
} from '#shared/administration/queue.ts'
import type { FilterRequest } from '#shared/administration/queue-filter.ts'
import type { BadValue } from '#shared/administration/refusals.ts'
import { confirmDeed, yesOption } from './confirm.ts'
import type { QuickContext } from './context.ts'
import type { Define } from './define.ts'
import { CommandFailure, exitOfRefusal } from './failure.ts'
import { counted } from './output.ts'
import { showProgress } from './progress.ts'
import {
  type FilterOptions,
  filterOf,
  isEmptyFilter,
  withFilterOptions,
} from './queue-filter-options.ts'
import { explain, refused } from './refusal-text.ts'

type Verb = {
  readonly name: QueueVerb
  readonly alias?: string
  readonly about: string
  readonly done: string
  readonly doing: string
  readonly act: (
    queue: QueueAdministration,
    request: ReleaseRequest & { readonly heldToo: boolean },
  ) => Promise<QueueChanged | BadValue>
}

const verbs: readonly Verb[] = [
  {
    name: 'hold',
    about: 'keep messages from being delivered until they are released',
    done: 'held',
    doing: 'holding',
    act: (queue, request) => queue.hold(request),
  },
  {
    name: 'release',
    alias: 'requeue',
    about:
      'try held, corrupt or deferred messages again now, and follow their aliases anew; their ids stay',
    done: 'released',
    doing: 'releasing',
    act: (queue, request) => queue.release(request),
  },
  {
    name: 'expire',
    about:
      'return messages to their senders now; held ones with --held too, else when they are released',
    done: 'expired',
    doing: 'expiring',
    act: (queue, request) => queue.expire(request),
  },
  {
    name: 'delete',
    about: 'remove messages from the queue; nobody is told',
    done: 'deleted',
    doing: 'deleting',
    act: (queue, request) => queue.remove(request),
  },
]

type VerbOptions = FilterOptions & {
  /** Of release: its recipients may be several, and it goes with ids too. */
  readonly recipient?: string
  readonly all?: boolean
  readonly yes?: boolean
  readonly after?: string
  readonly held?: boolean
}

export function queueVerbCommands(parent: Command, define: Define): void {
  for (const verb of verbs) verbCommand(parent, define, verb)
  flushCommand(parent, define)
}

function verbCommand(parent: Command, define: Define, verb: Verb): void {
  define.quick(parent.command(`${verb.name} [queue-id...]`), ['queue'], {
    about: verb.about,
    options(command) {
      withBulkOptions(command)
      if (verb.alias !== undefined) command.alias(verb.alias)
      if (verb.name === 'expire') command.option('--held', 'also what an operator holds')
    },
    async run(context, queueIds, options: VerbOptions) {
      const names = queueIds.filter((text) => text !== '')
      const filter = filterOf(options)
      if (names.length === 0) return bulk(context, verb, filter, options)
      await byId(context, verb, names, { filter, options })
    },
  })
}

const withBulkOptions = (command: Command) =>
  withFilterOptions(command)
    .option('--all', 'all that is in the queue')
    .option('--after <queue-id>', 'of these, only what is younger than this message')
    .option(...yesOption)

async function byId(
  { administration: { queue }, output }: QuickContext<'queue'>,
  verb: Verb,
  queueIds: readonly string[],
  { filter, options }: { readonly filter: FilterRequest; readonly options: VerbOptions },
): Promise<void> {
  const { recipient, ...others } = filter
  const isSome = verb.name === 'release' && recipient !== undefined
  if (!isEmptyFilter(isSome ? others : filter) || options.all) {
    throw new CommandFailure('name messages, or say which are meant, and not both', 'usage')
  }
  const changed = await verb.act(queue, {
    queueIds,
    recipients: isSome ? recipient.split(',') : undefined,
    heldToo: options.held === true,
  })
  if (changed.kind !== 'changed') throw refused(changed)
  const { done } = changed
  output.print({ [verb.done]: done }, () => done.map((id) => `${id} ${verb.done}`))
  if (changed.refused.length === 0) return
  const [worst] = changed.refused
  throw new CommandFailure(
    changed.refused.map((refusal) => explain(refusal)).join('\n'),
    worst && exitOfRefusal(worst),
  )
}

type BulkVerb = Pick<Verb, 'name' | 'done' | 'doing'>

async function bulk(
  { administration: { queue }, output, process }: QuickContext<'queue'>,
  verb: BulkVerb,
  filter: FilterRequest,
  options: VerbOptions,
): Promise<void> {
  if (isEmptyFilter(filter) && options.all !== true) {
    throw new CommandFailure(
      'name messages, say which are meant (--sender, --deferred, --corrupt, …), or --all',
      'usage',
    )
  }
  const { after } = options
  const listed = queue.list(filter, after)
  if (listed.kind !== 'queue') throw refused(listed)
  let meant = 0
  for await (const _ of listed.messages) meant++
  const what = `${meant} of ${counted(listed.looked(), 'message')}`
  if (meant === 0) {
    output.print({ [verb.done]: 0, left: 0 }, () => ['no message is like that'])
    return
  }
  // Whoever is not asked reads it all the same.
  if (options.yes === true || process.person === undefined) process.say(`${verb.doing} ${what}\n`)
  await confirmDeed(process, `This is about ${verb.doing} ${what}.`, options)
  const request = { after, heldToo: options.held === true }
  const changing = queue.changeAll(verb.name, filter, request)
  if (changing.kind !== 'changing') throw refused(changing)
  const progress = showProgress(process, verb.doing, meant)
  let done = 0
  let left = 0
  let last = after
  try {
    for await (const { queueId, isDone } of changing.outcomes) {
      if (isDone) done++
      else left++
      last = queueId
      progress.step()
    }
  } catch (error) {
    process.say(`stopped; the same with --after ${last ?? ''} does the rest\n`)
    throw error
  } finally {
    progress.end()
  }
  output.print({ [verb.done]: done, left }, () => [
    `${counted(done, 'message')} ${verb.done}${left === 0 ? '' : `, ${left} left as they were (done already, held, gone, or being delivered this moment)`}`,
  ])
}

function flushCommand(parent: Command, define: Define): void {
  define.quick(parent.command('flush [destination-or-id]'), ['queue'], {
    about: 'try deferred mail again now: all, that for a next hop or domain, or one message',
    options: (command) =>
      withBulkOptions(command).option('--to <next-hop>', 'only mail for this next hop or domain'),
    async run(context, [named], options: VerbOptions & { readonly to?: string }) {
      const filter = filterOf(options)
      const to = named === '' ? options.to : named
      if (!isEmptyFilter(filter) || options.after !== undefined) {
        if (to !== undefined) {
          throw new CommandFailure(
            `${to} and other conditions do not go together; --destination does`,
            'usage',
          )
        }
        const verb = { name: 'flush', done: 'tried again', doing: 'trying again' } as const
        return bulk(context, verb, filter, options)
      }
      const { messages } = await context.administration.queue.flush(to)
      context.output.print({ flushed: messages }, () => [
        `trying ${counted(messages, 'deferred message')} again`,
      ])
    },
  })
}
