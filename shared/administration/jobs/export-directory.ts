// The directory as text: CSV that an import reads again, or NDJSON with all that is shown of each. No password and no hash is in it.

import { type ListCursor, parseListCursor } from '#shared/directory/listing.ts'
import { badInput } from '#shared/jobs/failure.ts'
import type { JobKind } from '#shared/jobs/kind.ts'
import { parseDomain } from '#shared/mail/domain.ts'
import type { AdministrationDeps } from '../deps.ts'
import { accountRow, aliasRow, csvLine, type Row } from '../imports/written-rows.ts'
import { reachOfMaker } from './maker.ts'

export const EXPORT_DIRECTORY = 'export'

export type ExportInput = {
  readonly what: 'domains' | 'accounts' | 'aliases'
  readonly format: 'csv' | 'ndjson'
  /** Only of this domain. */
  readonly domain?: string
}

/** Rows of a slice, fewer where they are long: an alias may have 300 kB of targets. */
const SLICE_ENTRIES = 500

export function exportDirectory({
  directory,
}: {
  readonly directory: Pick<AdministrationDeps['directory'], 'accounts' | 'aliases' | 'domains'>
}): JobKind {
  async function pageOf(
    { what, domain }: ExportInput,
    after: ListCursor | undefined,
  ): Promise<{ readonly rows: readonly Row[]; readonly next?: ListCursor }> {
    const options = {
      limit: SLICE_ENTRIES,
      ...(after !== undefined && { after }),
      ...(domain !== undefined && { domain: parseDomain(domain) }),
    }
    const withRows = <T>(
      page: { readonly items: readonly T[]; readonly next?: ListCursor },
      rowOf: (one: T) => Row,
    ) => ({ rows: page.items.map(rowOf), ...(page.next !== undefined && { next: page.next }) })
    switch (what) {
      case 'domains':
        return withRows(await directory.domains.page(options), ({ domain: name }) => ({
          domain: name,
        }))
      case 'accounts':
        return withRows(await directory.accounts.page(options), accountRow)
      case 'aliases':
        return withRows(await directory.aliases.page(options), aliasRow)
    }
  }

  return {
    name: EXPORT_DIRECTORY,
    async *run(work) {
      const input = inputOf(work.input)
      // The page, and how many rows of it are written.
      const [page = '', rowsWritten = '0'] = work.cursor.split('|')
      if (page === OVER) return
      const wanted = input.domain === undefined ? undefined : [input.domain]
      let after = page === '' ? undefined : parseListCursor(page)
      let skip = Number(rowsWritten)
      let text = work.cursor === '' && input.format === 'csv' ? headingOf(input) : ''
      for (;;) {
        await reachOfMaker(work.owner, directory.accounts, 'directory.read', wanted)
        const { rows, next } = await pageOf(input, after)
        let done = 0
        for (const [i, row] of rows.entries()) {
          if (i < skip) continue
          text += lineOf(row, input)
          done++
          if (text.length < PART_CHARACTERS) continue
          yield { cursor: `${after ?? ''}|${i + 1}`, done, output: Buffer.from(text) }
          text = ''
          done = 0
        }
        skip = 0
        after = next
        const output = text === '' ? {} : { output: Buffer.from(text) }
        yield { cursor: next === undefined ? `${OVER}|0` : `${next}|0`, done, ...output }
        text = ''
        if (next === undefined) return
      }
    },
  }
}

/** Of one part, before the row that is one too many. */
const PART_CHARACTERS = 15_000
/** All is written, and only that it is over was not kept. */
const OVER = 'over'

const columns = {
  domains: ['domain'],
  accounts: ['address', 'quota', 'enabled'],
  aliases: ['alias', 'targets'],
} as const

const headingOf = ({ what }: ExportInput) => `${columnsOf(what).join(',')}\n`

const columnsOf = (what: ExportInput['what']): readonly string[] => columns[what]

const lineOf = (row: Row, { format, what }: ExportInput) =>
  format === 'ndjson' ? `${JSON.stringify(row)}\n` : csvLine(columnsOf(what), row)

function inputOf(input: unknown): ExportInput {
  const { what, format = 'csv', domain } = Object(input)
  const isKnown = what === 'domains' || what === 'accounts' || what === 'aliases'
  if (!isKnown) throw badInput('what', what)
  if (format !== 'csv' && format !== 'ndjson') throw badInput('format', format)
  if (domain === undefined) return { what, format }
  if (parseDomain(String(domain)) === undefined) throw badInput('domain', domain)
  return { what, format, domain: String(domain) }
}
