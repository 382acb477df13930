import { unreachable } from '#shared/runtime/errors.ts'
import { afterLogin } from '../command.ts'
import { replies } from '../replies.ts'

/** SETACTIVE. RFC 5804 §2.8: "" for none. */
export const setActive = afterLogin({
  parse(args) {
    args.space()
    return args.string()
  },
  async run(session, name, { id }) {
    const done = await session.shelf.activate(id, name === '' ? null : name)
    switch (done.kind) {
      case 'activated':
        session.log.info({ script: name, before: done.before ?? '' }, 'script activated')
        return replies.done
      case 'no-such-script':
        return replies.noSuchScript
      case 'gone':
        return replies.accountEnded
      default:
        return unreachable(done)
    }
  },
})
