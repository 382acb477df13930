import { parseLsubArguments } from '#shared/imap/list-arguments.ts'
import { ResponseWriter } from '#shared/imap/response-writer.ts'
import { foreignNodes } from '../access/foreign-nodes.ts'
import { isForeign } from '../access/namespaces.ts'
import { completed, defineCommand } from '../command.ts'
import { sendPiece, writeDelimiter, writeListEntry } from '../folder-list/list-response.ts'
import { compilePattern } from '../folder-list/name-pattern.ts'
import { allNodes, matchesAny, parentsOf } from '../folder-list/selection.ts'
import { folderTree } from '../folder-names.ts'

/** LSUB: subscribed names. RFC 3501 §6.3.9. */
export const lsub = defineCommand({
  states: ['authenticated', 'selected'],
  mayReportExpunge: true,
  parse(cursor) {
    cursor.space()
    return parseLsubArguments(cursor)
  },
  async run(session, { reference, pattern }, wire) {
    const writer = new ResponseWriter()
    writer.utf8 = session.utf8
    if (pattern === '') {
      writeDelimiter(writer, 'LSUB')
    } else {
      const matches = [compilePattern(reference, pattern)]
      const [tree, subscribed] = await Promise.all([
        folderTree(session),
        session.deps.mailbox.subscriptions.list(session.account.id),
      ])
      const foreign = subscribed.some(isForeign) ? await foreignNodes(session) : []
      const nodes = allNodes(tree, undefined, foreign)
      const folders = new Map(nodes.map(({ path, folder }) => [path, folder]))
      const below: { readonly path: string }[] = []
      for (const path of subscribed) {
        if (!(await matchesAny(matches, path))) {
          below.push({ path })
          continue
        }
        const attributes = folders.get(path)?.selectable ? [] : ['\\Noselect']
        writeListEntry(writer, { path, attributes }, 'LSUB')
        await sendPiece(writer, wire)
      }
      // A `%` that stops above a subscribed name answers with the name it stops at.
      const known = new Set(subscribed)
      for (const path of pattern.endsWith('%') ? parentsOf(below) : []) {
        if (known.has(path) || !(await matchesAny(matches, path))) continue
        writeListEntry(writer, { path, attributes: ['\\Noselect'] }, 'LSUB')
        await sendPiece(writer, wire)
      }
    }
    for (const piece of writer.take()) wire.write(piece)
    return completed('LSUB')
  },
})
