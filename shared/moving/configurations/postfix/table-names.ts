// Names of tables here for those that a configuration names by their files.

import { isTableName } from '#shared/settings/restrictions/table-ref.ts'

export type TableNames = {
  /** The same each time for the same table. */
  readonly nameOf: (text: string, usual: string) => string
}

const NAME_CHARACTERS_MAX = 60

export function createTableNames(): TableNames {
  const names = new Map<string, string>()
  const taken = new Set<string>()
  return {
    nameOf(text, usual) {
      const known = names.get(text)
      if (known !== undefined) return known
      const base = text.slice(Math.max(text.lastIndexOf('/'), text.lastIndexOf(':')) + 1)
      // What is written on the spot has no name.
      const plain = /^inline:/i.test(text)
        ? ''
        : base.replaceAll(/[^A-Za-z0-9._-]/g, '').slice(0, NAME_CHARACTERS_MAX)
      const wanted = isTableName(plain) ? plain : usual
      let name = wanted
      for (let n = 2; taken.has(name); n++) name = `${wanted}-${n}`
      taken.add(name)
      names.set(text, name)
      return name
    },
  }
}
