import { afterLogin, sieveName } from '../command.ts'
import { replies } from '../replies.ts'

/** GETSCRIPT. RFC 5804 §2.9: the bytes that were put. */
export const getScript = afterLogin({
  parse: sieveName,
  async run(session, name, { id }) {
    const script = await session.shelf.read(id, name)
    if (script === undefined) return replies.noSuchScript
    session.counts.fetched += 1
    const { text } = script
    // literal-s2c
    return { ...replies.done, data: [`{${text.length}}\r\n`, text, '\r\n'] }
  },
})
