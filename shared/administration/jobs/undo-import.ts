// Takes back what an import added: accounts and aliases that say that this job made them. One that has got mail since stays, and is told.

import type { Aliases } from '#shared/directory/aliases.ts'
import { JobFailure } from '#shared/jobs/failure.ts'
import { parseJobId } from '#shared/jobs/job.ts'
import type { JobKind } from '#shared/jobs/kind.ts'
import { parseAddress } from '#shared/mail/address.ts'
import { chunks } from '#shared/runtime/chunks.ts'
import { concurrently } from '#shared/runtime/concurrently.ts'
import type { Administration } from '../administration.ts'
import type { AdministrationDeps } from '../deps.ts'
import { createFields } from '../fields.ts'
import type { Actor } from '../rights/actor.ts'
import { allowed } from '../rights/allowed.ts'
import { makerOf, refusalOf } from './maker.ts'

export const UNDO_IMPORT = 'undo-import'

export type UndoInput = { readonly job: string; readonly what: 'accounts' | 'aliases' }

/** Rows of a slice, and of these under way together: they share the waits for the disk. */
const SLICE_ROWS = 64
const AT_ONCE = 16

type Undone = 'removed' | 'not-its-own' | 'has-mail' | 'refused'

export function undoImport({
  administration,
  directory,
}: {
  readonly administration: Pick<Administration, 'accounts' | 'aliases'>
  readonly directory: Pick<AdministrationDeps['directory'], 'accounts'> & {
    readonly aliases: Pick<Aliases, 'get'>
  }
}): JobKind {
  const { accounts, aliases } = administration
  // Keys are whole addresses.
  const fields = createFields({ defaultDomain: '' })

  async function undoAccount(key: string, job: string, maker: Actor): Promise<Undone> {
    const address = parseAddress(key)
    const found = address && (await directory.accounts.get(address))
    if (found?.madeBy !== job) return 'not-its-own'
    if (refusalOf(maker, 'directory.write', found) !== undefined) return 'refused'
    const measured = await accounts.measure(key)
    if (measured.kind !== 'measured') return 'not-its-own'
    if (measured.messages > 0) return 'has-mail'
    await accounts.remove(key)
    return 'removed'
  }

  async function undoAlias(key: string, job: string, maker: Actor): Promise<Undone> {
    const name = fields.aliasName(key)
    const found = name.kind === 'ok' ? await directory.aliases.get(name.value) : undefined
    if (found?.madeBy !== job) return 'not-its-own'
    const subject = { kind: 'domain', domain: found.name.domain } as const
    if (allowed(maker, 'directory.write', subject, 0).kind !== 'yes') return 'refused'
    await aliases.remove(key)
    return 'removed'
  }

  return {
    name: UNDO_IMPORT,
    async *run(work) {
      const { job, what } = inputOf(work.input)
      const keys: string[] = []
      for await (const part of work.outputOf(job)) {
        keys.push(...Buffer.from(part).toString().split('\n').filter(Boolean))
      }
      let row = Number(work.cursor)
      for (const some of chunks(keys.slice(row), SLICE_ROWS)) {
        const maker = await makerOf(work.owner, directory.accounts)
        const ends = await concurrently(some, AT_ONCE, async (key) => ({
          key,
          undone: await (what === 'accounts'
            ? undoAccount(key, job, maker)
            : undoAlias(key, job, maker)),
        }))
        const counts: { [outcome in Undone]?: number } = {}
        for (const { undone } of ends) counts[undone] = (counts[undone] ?? 0) + 1
        const errors = ends
          .filter(({ undone }) => undone === 'has-mail' || undone === 'refused')
          .map(({ key, undone }) => ({ line: 0, key, refusal: whyNot(key, undone) }))
        row += some.length
        const failed = errors.length
        const done = some.length - failed
        yield { cursor: String(row), total: keys.length, done, failed, errors, counts }
      }
    },
  }
}

const whyNot = (key: string, undone: Undone) => ({
  kind: undone === 'has-mail' ? undone : 'more-rights',
  field: 'address',
  value: key,
})

function inputOf(input: unknown) {
  const { job, what } = Object(input)
  const id = parseJobId(String(job))
  if (id === undefined || (what !== 'accounts' && what !== 'aliases')) {
    throw new JobFailure({ kind: 'not-undoable' })
  }
  return { job: id, what } as const
}
