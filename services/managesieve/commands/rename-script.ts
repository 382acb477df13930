import { unreachable } from '#shared/runtime/errors.ts'
import { afterLogin, sieveName } from '../command.ts'
import { noRoom } from '../refusals.ts'
import { replies } from '../replies.ts'

/** RENAMESCRIPT. RFC 5804 §2.11: the active one stays active. */
export const renameScript = afterLogin({
  parse: (args) => ({ from: sieveName(args), to: sieveName(args) }),
  async run(session, { from, to }, { id }) {
    const done = await session.shelf.rename(id, from, to)
    switch (done.kind) {
      case 'renamed':
        session.log.info({ script: to, before: from }, 'script renamed')
        return replies.done
      case 'exists':
        return replies.scriptExists
      case 'no-such-script':
        return replies.noSuchScript
      case 'gone':
        return replies.accountEnded
      case 'bad-name':
      case 'too-large':
      case 'too-many':
      case 'no-room':
        return noRoom(done)
      default:
        return unreachable(done)
    }
  },
})
