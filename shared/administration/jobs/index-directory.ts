// Words for all that is in the directory, so that it is found: of a store that is older than they are, or anew.

import { type ListCursor, parseListCursor } from '#shared/directory/listing.ts'
import type { WordIndex } from '#shared/directory/word-index.ts'
import { isEnded } from '#shared/jobs/job.ts'
import type { Jobs } from '#shared/jobs/jobs.ts'
import type { JobKind } from '#shared/jobs/kind.ts'
import type { AdministrationDeps } from '../deps.ts'

export const INDEX_DIRECTORY = 'index-directory'

const SLICE_ENTRIES = 200
const steps = ['domains', 'accounts', 'aliases'] as const
const names: readonly string[] = steps
type Step = (typeof steps)[number]

export function indexDirectory({
  directory,
  words,
}: {
  readonly directory: Pick<AdministrationDeps['directory'], 'accounts' | 'aliases' | 'domains'>
  readonly words: WordIndex
}): JobKind {
  const { domains, accounts, aliases } = directory

  async function indexPage(step: Step, after: ListCursor | undefined) {
    const options = { limit: SLICE_ENTRIES, ...(after !== undefined && { after }) }
    switch (step) {
      case 'domains': {
        const { items, next } = await domains.page(options)
        await words.addDomains(items.map(({ domain }) => domain))
        return { count: items.length, next }
      }
      case 'accounts': {
        const { items, next } = await accounts.page(options)
        await words.addAccounts(items)
        return { count: items.length, next }
      }
      case 'aliases': {
        const { items, next } = await aliases.page(options)
        await words.addAliases(items)
        return { count: items.length, next }
      }
    }
  }

  return {
    name: INDEX_DIRECTORY,
    async *run(work) {
      const [first = '', page = ''] = work.cursor.split('|')
      let at = Math.max(0, names.indexOf(first))
      let after = parseListCursor(page)
      for (let step = steps[at]; step !== undefined; step = steps[at]) {
        const { count, next } = await indexPage(step, after)
        after = next
        if (next === undefined) at++
        const goesOn = steps[at]
        if (goesOn !== undefined) yield { cursor: `${goesOn}|${next ?? ''}`, done: count }
        else {
          await words.complete()
          yield { cursor: `${step}|`, done: count }
        }
      }
    },
  }
}

/** Of a store that has no words yet; one job is enough. */
export async function indexWhereMissing(
  words: Pick<WordIndex, 'isComplete'>,
  jobs: Pick<Jobs, 'begin' | 'page'>,
): Promise<void> {
  if (await words.isComplete()) return
  const { items } = await jobs.page({ limit: 50 })
  if (items.some(({ kind, state }) => kind === INDEX_DIRECTORY && !isEnded(state))) return
  const owner = { accountId: null, name: 'postwolke' }
  await jobs.begin({ kind: INDEX_DIRECTORY, input: {}, owner })
}
