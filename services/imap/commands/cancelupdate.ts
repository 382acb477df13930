import { completed, defineCommand } from '../command.ts'
import { LiveResults } from '../search/live-results.ts'

/** CANCELUPDATE: results of these searches need not be kept up to date any longer. RFC 5267 §4.4. */
export const cancelUpdate = defineCommand({
  states: ['selected'],
  mayReportExpunge: true,
  // cancelupdate = "CANCELUPDATE" 1*(SP quoted)
  parse(cursor) {
    const tags: string[] = []
    do {
      cursor.space()
      tags.push(cursor.quoted())
    } while (!cursor.endsAfterSpaces())
    return tags
  },
  run({ selected }, tags) {
    const { watcher } = selected
    const known = watcher instanceof LiveResults ? watcher : undefined
    for (const tag of tags) {
      if (known?.cancel(tag) !== true) return { status: 'BAD', text: 'No such search' }
    }
    return completed('CANCELUPDATE')
  },
})
