// RFC 6134: lists kept outside of scripts. The match type stands in run/match.ts, and :list of redirect with redirect.

import { defineTest, strings } from '../definition.ts'
import { listName } from '../run/list-name.ts'

/** RFC 6134 §2.4. */
export const validExtList = defineTest({
  name: 'valid_ext_list',
  extensions: ['extlists'],
  positional: { lists: strings },
  async evaluate({ lists }, run) {
    for (const list of lists) {
      const name = listName(list)
      if (name === undefined || (await run.context.listHolds(name, '')) === undefined) return false
    }
    return true
  },
})
