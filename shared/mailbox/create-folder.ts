// CREATE of folders (RFC 9051 §6.3.4): a path with all that is missing above it, or a name that stayed behind made a folder again. Any
// number of writers may make the same path at once; names are guarded, limits are conditions.

import type { AccountId, ModSeq } from '#shared/contracts/mailbox.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { Conflict, type Item, type Signals, type Table } from '#shared/storage/ports.ts'
import { inheritRights } from './access.ts'
import { logItem } from './change-log.ts'
import { isUnchanged } from './folder-edit.ts'
import { namesOf } from './folder-path.ts'
import { countChild, type FoldersRead } from './folders.ts'
import { accountTopic, folderKey, stateKey } from './keys.ts'
import { advanceUidValidity, creation, newFolder, newId, nextUidValidity } from './new-folder.ts'
import type { CreateFolder, Folders } from './port.ts'
import { type FolderRecord, usesText } from './records.ts'
import { retrying } from './retry.ts'
import { claimUses, isAnyTaken } from './special-use.ts'
import { noGrowth, staysWithin, usageWrites } from './usage.ts'
import { readCompleteUsage } from './usage-counting.ts'

/** Removed ones count until they are empty. */
export const FOLDERS_PER_ACCOUNT_MAX = 5_000

/** Like `Folders.create`, but what remains of a removed folder of that name stays: `not-yet-empty`, `finishRemovals` first. */
export type MakePath = (
  accountId: AccountId,
  path: string,
  uses?: readonly string[],
) => Promise<CreateFolder>

/** What a new folder is made of besides its name, as it was read. */
type Place = {
  readonly accountId: AccountId
  readonly state: Item | undefined
  /** The next one that is free. */
  readonly uidValidity: number
  readonly uses: readonly string[]
}

export function createFolderCreation(deps: {
  readonly table: Table
  readonly clock: Clock
  readonly signals: Signals
  readonly folders: FoldersRead
  readonly finishRemovals: Folders['finishRemovals']
}): { readonly create: Folders['create']; readonly makePath: MakePath } {
  const { table, clock, signals, folders } = deps

  async function create(
    accountId: AccountId,
    path: string,
    uses: readonly string[] = [],
  ): Promise<CreateFolder> {
    const created = await makePath(accountId, path, uses)
    if (created.kind !== 'not-yet-empty') return created
    await deps.finishRemovals(accountId)
    return makePath(accountId, path, uses)
  }

  function makePath(
    accountId: AccountId,
    path: string,
    uses: readonly string[] = [],
  ): Promise<CreateFolder> {
    const names = namesOf(path)
    if (names === undefined) return Promise.resolve({ kind: 'bad-name' })
    return retrying(clock, async (): Promise<CreateFolder> => {
      await folders.makeDefaults(accountId)
      const state = await table.get(stateKey(accountId), { consistent: true })
      if (await isAnyTaken(table, accountId, uses)) return { kind: 'use-taken' }
      const line = await folders.along(accountId, names)
      const nearestId = line.at(-1)
      const nearest = nearestId && (await folders.get(accountId, nearestId))
      // Removed since its guard was read.
      if (nearestId !== undefined && nearest === undefined) throw new Conflict('a folder has gone')
      const uidValidity = nextUidValidity(state, clock.now())
      const place = { accountId, state, uidValidity, uses }
      const missing = names.slice(line.length)
      if (nearest === undefined || missing.length > 0) return makeBelow(nearest, missing, place)
      if (nearest.selectable) return { kind: 'exists' }
      const revived = await revive(nearest, place)
      const above = nearest.parentId && (await folders.get(accountId, nearest.parentId))
      if (above) await inheritRights({ table, clock, signals }, above, [nearest])
      return revived
    })
  }

  /** One in the other; the last one is what was asked for. */
  async function makeBelow(
    nearest: FolderRecord | undefined,
    names: readonly string[],
    { accountId, state, uidValidity, uses }: Place,
  ): Promise<CreateFolder> {
    const usage = await readCompleteUsage({ table, clock }, accountId)
    if (usage.folders + names.length > FOLDERS_PER_ACCOUNT_MAX) return { kind: 'too-many' }
    const made: FolderRecord[] = []
    for (const [i, name] of names.entries()) {
      const last = i === names.length - 1
      made.push({
        ...newFolder({
          accountId,
          parentId: made.at(-1)?.id ?? nearest?.id ?? null,
          name,
          specialUses: last ? uses : [],
          uidValidity: uidValidity + i,
        }),
        children: last ? 0 : 1,
      })
    }
    await table.transact([
      advanceUidValidity(accountId, state, uidValidity + made.length),
      ...made.flatMap((folder) => creation(folder)),
      ...(nearest === undefined ? [] : [countChild(nearest, 1)]),
      ...usageWrites(
        accountId,
        { ...noGrowth, folders: made.length },
        { if: [staysWithin('folders', FOLDERS_PER_ACCOUNT_MAX, made.length)] },
      ),
    ])
    signals.publish(accountTopic(accountId), 'folders')
    if (nearest !== undefined) await inheritRights({ table, clock, signals }, nearest, made)
    const folder = made.at(-1)
    return folder === undefined ? { kind: 'exists' } : { kind: 'created', folder }
  }

  /** A deleted name with folders below it becomes a folder again: another one, so UIDVALIDITY and MAILBOXID are new. */
  async function revive(
    old: FolderRecord,
    { accountId, state, uidValidity, uses }: Place,
  ): Promise<CreateFolder> {
    const { id } = old
    if (old.exists > 0) return { kind: 'not-yet-empty' }
    const modSeq = (old.modSeq + 1) as ModSeq
    const mailboxId = newId()
    await table.transact([
      advanceUidValidity(accountId, state, uidValidity + 1),
      {
        update: folderKey(accountId, id),
        changes: {
          set: { uidValidity, mailboxId, modSeq, specialUse: usesText(uses) },
          remove: ['noselect', 'keywords', 'eventScript'],
        },
        if: { all: [isUnchanged(old), { attribute: 'noselect', is: '=', value: true }] },
      },
      { put: logItem(id, modSeq, 'expunge', [], clock.now()) },
      ...claimUses(accountId, uses, id),
    ])
    signals.publish(accountTopic(accountId), 'folders')
    const folder = { ...old, uidValidity, mailboxId, modSeq, specialUses: uses }
    return {
      kind: 'created',
      folder: { ...folder, selectable: true, keywords: [], eventScript: null },
    }
  }

  return { create, makePath }
}
