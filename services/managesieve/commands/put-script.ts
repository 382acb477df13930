import { unreachable } from '#shared/runtime/errors.ts'
import { afterLogin, sieveName } from '../command.ts'
import { findingsText, withWarnings } from '../findings.ts'
import { noRoom } from '../refusals.ts'
import { replies } from '../replies.ts'

/** PUTSCRIPT. RFC 5804 §2.6: nothing is stored that does not compile, and what was there stays then. */
export const putScript = afterLogin({
  parse(args) {
    const name = sieveName(args)
    args.space()
    return { name, text: args.octets() }
  },
  async run(session, { name, text }, { id }) {
    if (text.length === 0) return replies.emptyScript
    const put = await session.shelf.put(id, name, text)
    switch (put.kind) {
      case 'put':
        session.counts.stored += 1
        session.log.info({ script: put.script.name, size: text.length }, 'script stored')
        return withWarnings(put.warnings)
      case 'refused':
        return replies.scriptRefused(findingsText(put.findings))
      case 'changed-meanwhile':
        // Cannot happen: no version was named.
        return replies.changedMeanwhile
      case 'gone':
        return replies.accountEnded
      case 'bad-name':
      case 'too-large':
      case 'too-many':
      case 'no-room':
        return noRoom(put)
      default:
        return unreachable(put)
    }
  },
})
