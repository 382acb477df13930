// postsuper(1): an operator's will on messages by their ids, on those of standard input (`-`), or on all (`ALL`, of some queues where they
// are named).

import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import type { QueueAdministration, QueueVerb } from '#shared/administration/queue.ts'
import type { QueueFacts } from '#shared/administration/queue-facts.ts'
import type { FilterRequest } from '#shared/administration/queue-filter.ts'
import { type QueueState, queueStates } from '#shared/administration/queue-states.ts'
import { parseQueueId } from '#shared/mail/queue-id.ts'
import { refused } from '../refusal-text.ts'
import { withQueue } from './context.ts'
import { getopt } from './getopt.ts'
import { Fatal, type PostfixCommand, type PostfixProcess, warn } from './world.ts'

const NAME = 'postsuper'
const USAGE =
  'usage: postsuper [-c data_folder] [-d queue_id (delete)] [-e queue_id (expire)] [-f queue_id (expire and/or un-hold)] [-h queue_id (hold)] [-H queue_id (un-hold)] [-p (purge temporary files)] [-r queue_id (requeue)] [-s (structure fix)] [-S (redundant structure fix)] [-v (verbose)] [queue...]'

/** Of Postfix that are none of ours, as nothing is in them. */
const emptyQueues: readonly string[] = ['maildrop', 'bounce', 'defer', 'trace', 'flush']

type Deed = {
  readonly verb: QueueVerb
  readonly heldToo?: boolean
  /** Only in these. */
  readonly states?: readonly QueueState[]
  readonly done: string
  readonly total: string
}

/** In the order in which Postfix does and counts them. */
const deeds: { readonly [letter: string]: Deed } = {
  d: { verb: 'delete', done: 'removed', total: 'Deleted' },
  r: { verb: 'release', done: 'requeued', total: 'Requeued' },
  h: {
    verb: 'hold',
    states: ['incoming', 'active', 'deferred'],
    done: 'placed on hold',
    total: 'Placed on hold',
  },
  H: { verb: 'release', states: ['hold'], done: 'released from hold', total: 'Released from hold' },
  e: { verb: 'expire', done: 'expired', total: 'Force-expired' },
}

export const postsuper: PostfixCommand = async (words, process) => {
  const given = getopt(words, 'c:d:e:f:h:H:pr:sSv')
  if (typeof given === 'string') {
    process.say(`${NAME}: ${given}\n`)
    throw new Fatal(USAGE, 1)
  }
  const queues = given.rest
  const unknown = queues.find((name) => !isQueue(name) && !emptyQueues.includes(name))
  if (unknown !== undefined) throw new Fatal(`invalid directory name: ${unknown}`, 1)
  const data = given.options.find(([letter]) => letter === 'c')?.[1]
  const wanted = given.options.filter(([letter]) => letter === 'f' || letter in deeds)
  // Without a deed it mends the structure of the queue's folders, of which ours has none.
  if (wanted.length === 0) return 0
  const textsOf = (letter: string) =>
    wanted.flatMap(([given, value]) => (given === letter ? value : []))
  await withQueue(process, data, async ({ administration: { queue } }) => {
    for (const [letter, deed] of Object.entries(deeds)) {
      const texts = textsOf(letter)
      if (texts.length === 0) continue
      const ids = await idsOf(texts, process)
      const count =
        ids === 'ALL'
          ? await all(queue, deed, queues)
          : await some(queue, deed, ids, { process, queues })
      tell(process, deed.total, count)
    }
    const ended = textsOf('f')
    if (ended.length > 0) await expireHeldToo(queue, ended, { process, queues })
  })
  return 0
}

const tell = (process: PostfixProcess, total: string, count: number) =>
  process.say(`${NAME}: ${total}: ${count} message${count === 1 ? '' : 's'}\n`)

/** -f is two deeds in one: what is expired with it, and what that releases from hold. */
async function expireHeldToo(
  queue: QueueAdministration,
  texts: readonly string[],
  { process, queues }: { readonly process: PostfixProcess; readonly queues: readonly string[] },
): Promise<void> {
  const ids = await idsOf(texts, process)
  let expired = 0
  let released = 0
  for await (const message of ids === 'ALL' ? everyMessage(queue) : messagesOf(queue, ids)) {
    if (queues.length > 0 && !queues.includes(message.state)) continue
    const { queueId, groups } = message
    const isExpired = groups.length > 0 && groups.every((group) => group.isExpired)
    const isHeld = message.state === 'hold' || groups.some(({ state }) => state === 'hold')
    if (!(await act(queue, { verb: 'expire', heldToo: true }, queueId))) continue
    const say = (done: string) => {
      if (ids !== 'ALL') process.say(`${NAME}: ${queueId}: ${done}\n`)
    }
    if (!isExpired) {
      expired++
      say('expired')
    }
    if (isHeld) {
      released++
      say('released from hold')
    }
  }
  tell(process, 'Force-expired', expired)
  tell(process, 'Released from hold', released)
}

function everyMessage(queue: QueueAdministration): AsyncIterable<QueueFacts> {
  const listed = queue.list({})
  if (listed.kind !== 'queue') throw refused(listed)
  return listed.messages
}

async function* messagesOf(
  queue: QueueAdministration,
  ids: readonly string[],
): AsyncGenerator<QueueFacts> {
  for (const text of ids) {
    const queueId = parseQueueId(text.toUpperCase())
    const found = queueId && (await queue.show(queueId))
    if (found?.kind === 'message') yield found.message
  }
}

const isQueue = (name: string): name is QueueState => queueStates.some((one) => one === name)

async function idsOf(
  texts: readonly string[],
  process: PostfixProcess,
): Promise<readonly string[] | 'ALL'> {
  if (texts.includes('ALL')) return 'ALL'
  const ids: string[] = []
  for (const text of texts) {
    if (text !== '-') ids.push(text)
    else {
      const lines = (await buffer(Readable.from(process.stdin))).toString('utf8').split('\n')
      ids.push(...lines.map((line) => line.trim()).filter((line) => line !== ''))
    }
  }
  return ids.filter((id) => {
    const isId = /^[A-Za-z0-9]+$/.test(id)
    if (!isId) warn(process, NAME, `invalid mail queue id: ${id}`)
    return isId
  })
}

/** Where none is named, in each that the deed is for. */
function statesOf(
  { states }: Deed,
  queues: readonly string[],
): readonly (QueueState | undefined)[] {
  const named = queues.filter(isQueue)
  if (queues.length > 0) return named.filter((one) => states?.includes(one) ?? true)
  return states ?? [undefined]
}

async function all(
  queue: QueueAdministration,
  deed: Deed,
  queues: readonly string[],
): Promise<number> {
  let count = 0
  for (const state of statesOf(deed, queues)) {
    const filter: FilterRequest = state === undefined ? {} : { state }
    const changing = queue.changeAll(deed.verb, filter, { heldToo: deed.heldToo ?? false })
    if (changing.kind !== 'changing') throw refused(changing)
    for await (const { isDone } of changing.outcomes) if (isDone) count++
  }
  return count
}

async function some(
  queue: QueueAdministration,
  deed: Deed,
  ids: readonly string[],
  { process, queues }: { readonly process: PostfixProcess; readonly queues: readonly string[] },
): Promise<number> {
  let count = 0
  const states = statesOf(deed, queues)
  for await (const message of messagesOf(queue, ids)) {
    const { queueId } = message
    const has = [message.state, ...message.groups.map(({ state }) => state)]
    if (!states.some((state) => state === undefined || has.includes(state))) continue
    const changed = await act(queue, deed, queueId)
    if (!changed) continue
    count++
    process.say(`${NAME}: ${queueId}: ${deed.done}\n`)
  }
  return count
}

async function act(
  queue: QueueAdministration,
  deed: Pick<Deed, 'verb' | 'heldToo'>,
  queueId: string,
): Promise<boolean> {
  const request = { queueIds: [queueId] }
  const changed = await (deed.verb === 'delete'
    ? queue.remove(request)
    : deed.verb === 'hold'
      ? queue.hold(request)
      : deed.verb === 'release'
        ? queue.release(request)
        : queue.expire({ ...request, heldToo: deed.heldToo ?? false }))
  if (changed.kind !== 'changed') throw refused(changed)
  return changed.done.length > 0
}
