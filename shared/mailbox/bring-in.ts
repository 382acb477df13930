// Messages of another system as they were there (shared/moving): under the uids that they had, so that clients need not load them again,
// and each once, however often and from wherever an import is begun again. What became of which is written in the transaction that makes
// the messages, one item (`O#`) for all of them; an import reads these items before it begins and brings what they do not name.
//
// A folder that never held anything takes over UIDVALIDITY (`adopt`). From then on every message keeps its uid that comes in ascending
// order. The other system may go on giving uids, while mail arrives here: so the first message of our own leaves a gap (UID_GAP) to them, and
// what comes from there later gets uids of ours. A uid never means two messages to a client.

import type { FolderId, ModSeq, Uid } from '#shared/contracts/mailbox.ts'
import {
  ConditionFailed,
  Conflict,
  type Item,
  type Table,
  type Write,
} from '#shared/storage/ports.ts'
import { messageOf } from './append.ts'
import { references } from './append-together.ts'
import { logItem } from './change-log.ts'
import { type FlagSet, flagList, flagSet } from './flags.ts'
import { FolderEdit, isUnchanged } from './folder-edit.ts'
import { readFolder } from './folder-reading.ts'
import { commitEdits, type TransferDeps } from './folder-transaction.ts'
import {
  accountTopic,
  folderKey,
  folderPk,
  folderTopic,
  originKey,
  originPrefix,
  originsPrefix,
  popIdsKey,
  popIdsPrefix,
  sourceStateKey,
  stateKey,
} from './keys.ts'
import { advanceUidValidity } from './new-folder.ts'
import type { Brought, Foreign, Snapshot } from './port.ts'
import { number, text } from './records.ts'
import { formatUidSet, parseUidSet } from './uid-set.ts'
import { itemsOf } from './usage-counting.ts'

/** Messages of one transaction: each also writes its blob; folder, log, USAGE, where they came from and what POP3 calls them besides. */
export const BRING_IN_MAX = 47
/** Uids that the first message of our own leaves free: more than another system gives away while mail already arrives here. */
export const UID_GAP = 100_000
/** Above what a client may have heard from the other system, which goes on counting: else it would miss changes here (RFC 7162 §3.1). */
export const MODSEQ_HEADROOM = 2 ** 32
/** How long it is known which message came from which: an import can be continued so long. */
export const ORIGIN_DAYS = 400
const daySeconds = 86_400
const UID_MAX = 2 ** 32 - 1

export function createBringingIn(deps: TransferDeps): Foreign {
  const { table, clock, signals, writers } = deps

  return {
    adopt: (name, { uidValidity, highestModSeq = 0 }) =>
      writers.change([name], async () => {
        const folder = await readFolder(table, name)
        if (!folder?.selectable) return { kind: 'no-such-folder' }
        if (folder.uidValidity === uidValidity) return { kind: 'adopted' }
        if (folder.uidNext > 1 || folder.exists > 0) return { kind: 'in-use' }
        const state = await table.get(stateKey(name.accountId), { consistent: true })
        const next = Math.max(state ? number(state, 'nextUidValidity') : 1, uidValidity + 1)
        const modSeq = (Math.max(folder.modSeq, highestModSeq) + MODSEQ_HEADROOM) as ModSeq
        await table.transact([
          advanceUidValidity(name.accountId, state, next),
          {
            update: folderKey(name.accountId, name.id),
            changes: { set: { uidValidity, modSeq, uidGap: UID_GAP } },
            if: isUnchanged(folder),
          },
        ])
        signals.publish(folderTopic(name.id), String(modSeq))
        signals.publish(accountTopic(name.accountId), 'folders')
        return { kind: 'adopted' }
      }),

    bringIn: (name, origin, messages) =>
      writers.change([name], async () => {
        const key = originKey(name.id, origin.source, origin.batch)
        const there = await table.get(key, { consistent: true })
        // The answer to an attempt of ours was lost, or somebody else brings the same.
        if (there !== undefined) {
          const { keys, uids } = originOf(there)
          const same =
            messages.length === keys.length && messages.every((m, i) => m.key === keys[i])
          return same ? { kind: 'brought', uids } : { kind: 'others-bring-in' }
        }
        const folder = await readFolder(table, name)
        if (!folder?.selectable) return { kind: 'no-such-folder' }
        const nowMs = clock.now()
        const edit = new FolderEdit(folder, nowMs)
        const uids = messages.map((message) =>
          edit.bringIn(messageOf({ ...message, prepend: '' }), message),
        )
        const claim = { put: originItem(key, messages, uids, nowMs), if: { absent: 'pk' } } as const
        try {
          await commitEdits(
            deps,
            [[folder, edit]],
            [claim, ...popIds(name.id, messages, uids), ...references(messages)],
          )
        } catch (error) {
          // Written since it was read: it is read again.
          if (error instanceof ConditionFailed && error.at(0))
            throw new Conflict('brought in twice')
          throw error
        }
        return { kind: 'brought', uids }
      }),

    raiseUidNext: (name, uidNext) =>
      writers.change([name], async () => {
        const folder = await readFolder(table, name)
        if (!folder?.selectable || folder.uidNext >= uidNext || uidNext > UID_MAX) return
        const modSeq = (folder.modSeq + 1) as ModSeq
        await table.transact([
          {
            update: folderKey(name.accountId, name.id),
            changes: { set: { uidNext, modSeq } },
            if: isUnchanged(folder),
          },
          { put: logItem(name.id, modSeq, 'new', [], clock.now()) },
        ])
        signals.publish(folderTopic(name.id), String(modSeq))
      }),

    async noteBatch(folder, { source, batch }, { keys, flags }) {
      await table.write({
        update: originKey(folder.id, source, batch),
        changes: { set: { keys, flags: flagTexts(flags) } },
        if: { exists: 'pk' },
      })
    },

    async sourceState(folder, source) {
      const item = await table.get(sourceStateKey(folder.id, source), { consistent: true })
      return item && text(item, 'state')
    },

    async noteSourceState(folder, source, state) {
      const ttl = Math.floor(clock.now() / 1_000) + ORIGIN_DAYS * daySeconds
      await table.write({ put: { ...sourceStateKey(folder.id, source), state, ttl } })
    },

    async *origins(folder, source) {
      for await (const item of items(table, folder.id, originPrefix(source))) {
        yield { batch: Number(item.sk.slice(originPrefix(source).length)), ...originOf(item) }
      }
    },
  }
}

/** Read where the folder's `broughtIn` says that there may be some. */
export async function readPop(
  table: Table,
  folderId: FolderId,
): Promise<Pick<Snapshot, 'popIds' | 'popOrders'>> {
  const popIds = new Map<Uid, string>()
  const popOrders = new Map<Uid, number>()
  for await (const item of items(table, folderId, popIdsPrefix)) {
    const ids = listOf(item, 'ids')
    const orders = item.orders === undefined ? [] : listOf(item, 'orders')
    for (const [i, uid] of (parseUidSet(text(item, 'uids')) as Uid[]).entries()) {
      const [id = '', order = ''] = [ids[i], orders[i]]
      if (id !== '') popIds.set(uid, id)
      if (order !== '') popOrders.set(uid, Number(order))
    }
  }
  return { popIds, popOrders }
}

/** What is known of where messages of a folder came from goes with the folder. */
export async function forgetOrigins(
  deps: Pick<TransferDeps, 'table'>,
  folderId: FolderId,
): Promise<void> {
  for (const prefix of [originsPrefix, popIdsPrefix]) {
    for await (const { pk, sk } of items(deps.table, folderId, prefix)) {
      await deps.table.write({ delete: { pk, sk } })
    }
  }
}

async function* items(table: Table, folderId: FolderId, prefix: string): AsyncGenerator<Item> {
  for await (const page of itemsOf(table, folderPk(folderId), prefix)) yield* page
}

function originItem(
  key: ReturnType<typeof originKey>,
  messages: readonly Brought[],
  uids: readonly Uid[],
  nowMs: number,
): Item {
  const keys = messages.map((message) => message.key)
  const ttl = Math.floor(nowMs / 1_000) + ORIGIN_DAYS * daySeconds
  return {
    ...key,
    keys,
    uids: formatUidSet(uids),
    flags: flagTexts(messages.map(({ flags }) => flags)),
    ttl,
  }
}

const originOf = (item: Item) => ({
  keys: listOf(item, 'keys'),
  uids: parseUidSet(text(item, 'uids')) as Uid[],
  flags: listOf(item, 'flags').map((flags) => flagSet(flags === '' ? [] : flags.split(' '))),
})

const flagTexts = (all: readonly FlagSet[]) => all.map((flags) => flagList(flags).join(' '))

/** Nothing where POP3 calls none of them in its own way, and lists them by uid. An empty text stands for what one of them has not. */
function popIds(folderId: FolderId, messages: readonly Brought[], uids: readonly Uid[]): Write[] {
  const named = messages.flatMap(({ popId, popOrder }, i) => {
    const uid = uids[i]
    const hasAny = popId !== undefined || popOrder !== undefined
    return hasAny && uid !== undefined ? [{ uid, id: popId ?? '', order: popOrder }] : []
  })
  const [first] = named
  if (first === undefined) return []
  const hasOrders = named.some(({ order }) => order !== undefined)
  const all = {
    uids: formatUidSet(named.map(({ uid }) => uid)),
    ids: named.map(({ id }) => id),
    ...(hasOrders && { orders: named.map(({ order }) => String(order ?? '')) }),
  }
  return [{ put: { ...popIdsKey(folderId, first.uid), ...all } }]
}

function listOf(item: Item, name: string): readonly string[] {
  const value = item[name]
  if (!Array.isArray(value)) throw new Error(`${item.pk} ${item.sk}: ${name} is no list`)
  return value.map(String)
}
