// The version of what is stored (../format.ts), as an item of the directory, which nearly every entry reads anyhow. Absent: 1, from
// before there was one. All entries check it when they start; the sweeper alone may write it.

import { checkFormat, STORE_FORMAT, STORE_PK } from '../format.ts'
import { ConditionFailed, type Key, type Table } from '../ports.ts'

const key: Key = { pk: STORE_PK, sk: 'FORMAT' }
const FIRST_FORMAT = 1

/** One read. Rejects with an UnusableStore where a newer program has been at work. */
export async function checkStoreFormat(directory: Table, known = STORE_FORMAT): Promise<void> {
  checkFormat((await read(directory)) ?? FIRST_FORMAT, known)
}

/** Writes it where there is none, or an older one. Never lowers it, whoever else writes. */
export async function raiseStoreFormat(directory: Table, known = STORE_FORMAT): Promise<void> {
  const found = await read(directory)
  if (found !== undefined && found >= known) return
  try {
    await directory.write({
      put: { ...key, format: known },
      if: { any: [{ absent: 'pk' }, { attribute: 'format', is: '<', value: known }] },
    })
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error
  }
}

/**
 * Before a table of another time takes the place of one of this deployment. Rejects, and nothing was changed, where there is no such
 * table, and with an UnusableStore where a newer program wrote it.
 */
export async function takeOverStoreFormat(
  directory: Table,
  from: Table,
  known = STORE_FORMAT,
): Promise<void> {
  const format = (await read(from)) ?? FIRST_FORMAT
  checkFormat(format, known)
  await raiseStoreFormat(directory, format)
}

async function read(directory: Table): Promise<number | undefined> {
  const item = await directory.get(key, { consistent: true })
  return item === undefined ? undefined : Number(item.format)
}
