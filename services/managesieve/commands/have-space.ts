import { afterLogin, sieveName } from '../command.ts'
import { noRoom } from '../refusals.ts'
import { replies } from '../replies.ts'

/** HAVESPACE. RFC 5804 §2.5: whether PUTSCRIPT would find room now. */
export const haveSpace = afterLogin({
  parse(args) {
    const name = sieveName(args)
    args.space()
    return { name, bytes: args.number() }
  },
  async run({ shelf }, { name, bytes }, { id }) {
    const room = await shelf.hasRoom(id, name, bytes)
    return room.kind === 'fits' ? replies.done : noRoom(room)
  },
})
