import type { AccessTables } from '#shared/directory/access-tables.ts'
import type { TableList } from '#shared/settings/restrictions/table-kinds.ts'

/** Whether any of the tables has any of the keys; what it says of them does not matter. */
export async function anyHas(
  accessTables: AccessTables,
  tables: TableList,
  keys: readonly string[],
): Promise<boolean> {
  for (const table of tables) {
    if ((await accessTables.lookup(table, keys)) !== undefined) return true
  }
  return false
}
