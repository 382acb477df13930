import { unreachable } from '#shared/runtime/errors.ts'
import { afterLogin, sieveName } from '../command.ts'
import { replies } from '../replies.ts'

/** DELETESCRIPT. RFC 5804 §2.10: the active one stays. */
export const deleteScript = afterLogin({
  parse: sieveName,
  async run(session, name, { id }) {
    const done = await session.shelf.remove(id, name)
    switch (done.kind) {
      case 'removed':
        session.counts.removed += 1
        session.log.info({ script: name }, 'script removed')
        return replies.done
      case 'is-active':
        return replies.scriptActive
      case 'no-such-script':
        return replies.noSuchScript
      case 'gone':
        return replies.accountEnded
      default:
        return unreachable(done)
    }
  },
})
