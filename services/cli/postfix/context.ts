// Postfix's commands on the data folder, as the other commands work on it: the folder by POSTWOLKE_DATA or -c.

import type { Common, Context } from '../context.ts'
import { withAdministration } from '../with-administration.ts'
import type { PostfixProcess } from './world.ts'

export async function withQueue<T>(
  process: PostfixProcess,
  data: string | undefined,
  run: (context: Context) => Promise<T>,
): Promise<T> {
  const common: Common = data === undefined ? {} : { data }
  let result: { readonly value: T } | undefined
  await withAdministration(common, process, { mayCreate: false }, async (context) => {
    result = { value: await run(context) }
  })
  if (result === undefined) throw new Error('the command did not run')
  return result.value
}
