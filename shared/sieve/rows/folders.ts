// What a script finds out of the mailbox: RFC 5490 (folders and their annotations), RFC 8579 (special uses), RFC 9042 (folders by id).

import { defineTest, optional, string, strings, unknown } from '../definition.ts'
import { checkMatching, matchAny, matching } from '../run/match.ts'
import { isSpecialUse, noSpecialUse } from './destination.ts'

async function all<T>(values: readonly T[], test: (value: T) => Promise<boolean>) {
  for (const value of values) if (!(await test(value))) return false
  return true
}

/** RFC 5490 §3.1. */
export const mailboxExists = defineTest({
  name: 'mailboxexists',
  extensions: ['mailbox'],
  positional: { folders: strings },
  evaluate: ({ folders }, run) => all(folders, (name) => run.context.folders.exists(name)),
})

/** RFC 9042 §3. */
export const mailboxIdExists = defineTest({
  name: 'mailboxidexists',
  extensions: ['mailboxid'],
  positional: { ids: strings },
  evaluate: ({ ids }, run) => all(ids, (id) => run.context.folders.idExists(id)),
})

/** RFC 8579 §3. */
export const specialUseExists = defineTest({
  name: 'specialuse_exists',
  extensions: ['special-use'],
  positional: { folder: optional(string), uses: strings },
  check({ uses }, checker) {
    if (uses === unknown) return
    const wrong = uses.find((use) => !isSpecialUse(use))
    if (wrong !== undefined) checker.error(noSpecialUse(wrong))
  },
  evaluate: ({ folder, uses }, run) =>
    all(uses, async (use) => {
      return isSpecialUse(use) && (await run.context.folders.hasSpecialUse(folder ?? null, use))
    }),
})

/** RFC 5490 §3.3. */
export const metadata = defineTest({
  name: 'metadata',
  extensions: ['mboxmetadata'],
  tags: matching,
  positional: { folder: string, entry: string, keys: strings },
  check: checkMatching,
  async evaluate({ folder, entry, keys, ...tags }, run) {
    const value = await run.context.folders.metadata(folder, entry)
    return value !== undefined && matchAny(run, tags, [value], keys)
  },
})

/** RFC 5490 §3.4. */
export const metadataExists = defineTest({
  name: 'metadataexists',
  extensions: ['mboxmetadata'],
  positional: { folder: string, entries: strings },
  evaluate: ({ folder, entries }, run) =>
    all(entries, async (entry) => {
      return (await run.context.folders.metadata(folder, entry)) !== undefined
    }),
})

/** RFC 5490 §4.1. */
export const serverMetadata = defineTest({
  name: 'servermetadata',
  extensions: ['servermetadata'],
  tags: matching,
  positional: { entry: string, keys: strings },
  check: checkMatching,
  async evaluate({ entry, keys, ...tags }, run) {
    const value = await run.context.folders.metadata(null, entry)
    return value !== undefined && matchAny(run, tags, [value], keys)
  },
})

/** RFC 5490 §4.2. */
export const serverMetadataExists = defineTest({
  name: 'servermetadataexists',
  extensions: ['servermetadata'],
  positional: { entries: strings },
  evaluate: ({ entries }, run) =>
    all(entries, async (entry) => {
      return (await run.context.folders.metadata(null, entry)) !== undefined
    }),
})
