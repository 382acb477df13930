import { afterLogin, nothing } from '../command.ts'
import { replies } from '../replies.ts'
import { formatString } from '../strings.ts'

/** LISTSCRIPTS. RFC 5804 §2.7. */
export const listScripts = afterLogin({
  parse: nothing,
  async run({ shelf }, _, { id }) {
    const { scripts, active } = await shelf.list(id)
    const data = scripts.map(
      ({ name }) => `${formatString(name)}${name === active ? ' ACTIVE' : ''}\r\n`,
    )
    return { ...replies.done, data }
  },
})
